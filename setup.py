"""Package metadata."""

import re
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
# Beside the package, where they are easy to find; the wheel has them inside it.
SHIPPED = {"checkpoints": ("*.npz", "*.md", "SHA256SUMS"), "flagfiles": ("**/*.flags",)}


class BuildWithShipped(build_py):
    """Puts released weights and flagfiles into the package.

    Not by `package_dir`, which would make packages of two folders without code, and leave an
    editable install with other paths than a wheel's. `dim_tf.system.shipped` finds them in both
    places.
    """

    def run(self) -> None:
        """Builds; an editable install takes them from the checkout instead."""
        super().run()
        if not self.editable_mode:
            for source, target in self._shipped():
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(str(source), target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What is built, as setuptools asks for it."""
        return [*super().get_outputs(include_bytecode), *(target for _, target in self._shipped())]

    def _shipped(self) -> list[tuple[Path, str]]:
        return [
            (source, str(Path(self.build_lib, "dim_tf", source.relative_to(HERE))))
            for folder, patterns in SHIPPED.items()
            for pattern in patterns
            for source in sorted((HERE / folder).glob(pattern))
        ]


(VERSION,) = re.findall(r'^__version__ = "(.+)"$', (HERE / "dim_tf/__init__.py").read_text(), re.M)

setup(
    name="dim_tf",
    version=VERSION,
    description="Deep Image Matting (Xu et al., CVPR 2017) in TensorFlow 2 and Keras 3",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["dim_tf", "dim_tf.*"]),
    # Said, so that an editable install is a line in a .pth file. Of the import hook that setuptools
    # would make otherwise, type checkers and editors know nothing.
    package_dir={"": "."},
    package_data={"dim_tf": ["assets/*", "py.typed", "page/static/**", "page/*.css"]},
    cmdclass={"build_py": BuildWithShipped},
    entry_points={"console_scripts": ["dim-tf = dim_tf.commands.words:main"]},
    install_requires=[
        "tensorflow>=2.18",
        "keras>=3.13.1",  # older ones execute code from model files (CVE-2025-9905 and others)
        "numpy>=1.26",
        "opencv-python>=4.10",
        "pillow>=11.3",  # reads what is in a picture's file; AVIF since 11.3
        "scipy>=1.13",
        "absl-py>=2.1",
        "tqdm>=4.66",  # the bar over the photos of a folder
    ],
    extras_require={
        "closed_form": ["pymatting>=1.1.12"],  # the held-out sets' other matte
        "onnx": ["onnx>=1.16", "onnxruntime>=1.19"],  # --format=onnx, --runtime=onnx
        # Mattes of many photos, docs/scale.md. Beam wants protobuf below 7 and NumPy below 2.5;
        # TensorFlow runs with these as well, and pip takes them.
        "beam": ["apache-beam>=2.70"],
        "heic": ["pillow-heif>=0.22"],  # phones' photos
        "page": ["starlette>=0.46", "uvicorn>=0.34", "python-multipart>=0.0.27"],  # dim-tf page
        "tensorboard": ["tensorboard"],
        "ablations": ["matplotlib"],  # the plots of the report
        "accelerated": ["torch>=2.4"],  # recipes/accelerated
        "dev": [
            # pytest 9.2: pytest-xdist 3.8 no longer keeps groups together (its issue 1386)
            *("pytest>=8,<9.2", "pytest-xdist>=3.7", "ruff>=0.6", "hypothesis", "mypy>=1.11"),
            *("pymatting>=1.1.12", "matplotlib", "pillow-heif>=0.22"),
            *("onnx>=1.16", "onnxruntime>=1.19", "ai-edge-litert>=2"),
            *("starlette>=0.46", "uvicorn>=0.34", "python-multipart>=0.0.27", "httpx>=0.27"),
            "playwright>=1.49",
            "kubernetes-validate>=1.33",  # docs/cluster/train.yaml
        ],
    },
)
