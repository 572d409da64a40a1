"""docs/scale.md: what it tells to type starts workers that find each other."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from dim_tf.config import TrainingConfig
from dim_tf.config.flags import config_from_arguments
from dim_tf.training.cluster import Cluster, answers, read_cluster
from tests.documents import ROOT, read_document
from tests.training.worker_processes import free_ports

PAGE = read_document("docs/scale.md")
MANIFEST = ROOT / "docs" / "cluster" / "train.yaml"
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
NODES = Cluster(("alpha:2222", "beta:2222"), 0)


def block_with(text):
    (block,) = [block for block in BLOCKS if text in block]
    return block


@pytest.fixture
def workers_of(tmp_path):
    """Runs a script with commands of a cluster that run here; the workers it starts are noted.

    Returns:
        Of each, in the order of their index: its cluster, and its flags.
    """
    commands = tmp_path / "bin"
    commands.mkdir()
    note = '#!/bin/sh\nprintf "%s\\n" "$TF_CONFIG" "$@" > "$NOTES/$$"\n'
    for name, script in {
        "python": note,
        "dim-tf": note,
        "ssh": '#!/bin/bash\n[ "$1" = alpha ] || [ "$1" = beta ] || exit 1\nbash -c "$2"\n',
        "scontrol": '#!/bin/sh\n[ "$*" = "show hostnames nodes" ] && printf "alpha\\nbeta\\n"\n',
        "srun": '#!/bin/bash\n[ "$1" = --kill-on-bad-exit=1 ] && shift\n'
        'for SLURM_PROCID in 0 1; do export SLURM_PROCID; "$@" & done; wait\n',
        "sbatch": '#!/bin/bash\nwhile [ "${1:0:2}" = -- ]; do shift; done\n'
        'SLURM_JOB_NODELIST=nodes bash "$@"\n',
    }.items():
        (commands / name).write_text(script)
        (commands / name).chmod(0o755)
    (tmp_path / "dim_tf").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "docs").symlink_to(ROOT / "docs")

    def run(script):
        path = f"{commands}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "NOTES": str(tmp_path / "notes")},
            check=True,
        )
        started = []
        for path in (tmp_path / "notes").iterdir():
            text, *arguments = path.read_text().replace("\n    ", " ").splitlines()
            flags = [argument for argument in arguments if argument.startswith("--")]
            started.append((read_cluster(text), flags))
        return sorted(started)

    return run


def check_flags(flags, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = config_from_arguments(TrainingConfig, flags)
    assert config.run.optimization.strategy == "multi_worker"
    assert config.run.optimization.batch_size == 2
    assert config.run.run_dir and config.data.data_dir


@pytest.mark.parametrize("where", ["export TF_CONFIG", "ssh ", "sbatch "])
def test_each_worker_is_told_who_it_is(where, workers_of, monkeypatch):
    started = workers_of(block_with(where))
    expected = 1 if where == "export TF_CONFIG" else 2
    assert [cluster for cluster, _ in started] == [
        NODES._replace(index=index) for index in range(expected)
    ]
    for _, flags in started:
        check_flags(flags, monkeypatch)


def documents_of_the_manifest():
    yaml = pytest.importorskip("yaml")
    return list(yaml.safe_load_all(MANIFEST.read_text()))


def test_the_manifest_is_kubernetes():
    validation = pytest.importorskip("kubernetes_validate")
    for document in documents_of_the_manifest():
        validation.validate(document, validation.latest_version(), strict=True)


def test_the_manifests_parts_belong_together(monkeypatch):
    service, job = documents_of_the_manifest()
    spec, template = job["spec"], job["spec"]["template"]
    assert service["spec"]["selector"] == template["metadata"]["labels"]
    assert template["spec"]["subdomain"] == service["metadata"]["name"]
    (container,) = template["spec"]["containers"]
    variables = {variable["name"]: variable for variable in container["env"]}
    # Kubernetes puts in only what stands before.
    assert list(variables) == ["INDEX", "TF_CONFIG"]
    for index in range(2):
        cluster = read_cluster(variables["TF_CONFIG"]["value"].replace("$(INDEX)", str(index)))
        assert cluster.index == index
    names = [f"{job['metadata']['name']}-{index}" for index in range(spec["completions"])]
    port = container["ports"][0]["containerPort"]
    assert cluster.addresses == tuple(
        f"{name}.{service['metadata']['name']}:{port}" for name in names
    )
    assert spec["parallelism"] == spec["completions"]
    check_flags(container["args"], monkeypatch)
    claims = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == claims.keys()


def test_the_scripts_are_bash():
    for script in (ROOT / "docs" / "cluster").glob("*.sbatch"):
        subprocess.run(["bash", "-n", script], check=True)
    assert [block for block in BLOCKS if "kubectl" in block] == [
        f"kubectl apply -f {MANIFEST.relative_to(ROOT)}\n"
    ]
    assert shutil.which("bash")


@pytest.mark.slow
def test_the_data_service_starts(tmp_path):
    ports = free_ports(2)
    block = block_with("service.DispatchServer")
    for written, port in zip(("5050", "5051"), ports, strict=True):
        assert written in block
        block = block.replace(written, str(port))
    block = re.sub("^python ", f"exec {sys.executable} ", block)
    process = subprocess.Popen(["bash", "-c", block], cwd=tmp_path, stderr=subprocess.PIPE)
    try:
        from dim_tf.training.cluster import wait_for_service

        for port in ports:
            wait_for_service(f"grpc://localhost:{port}", 60)
        assert process.poll() is None and answers(f"localhost:{ports[0]}")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
