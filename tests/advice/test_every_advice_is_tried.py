"""Every sentence of the program that says what to do is tried by a case in this folder.

A case provokes the sentence and does what it says; see `tests.advice.provoking`. Where a sentence
says "install it, or …", what can be done without installing is done.
"""

from pathlib import Path

from tests.advice.sentences import all_sentences, gives_advice, texts_of

FOLDER = Path(__file__).parent
SENTENCES = all_sentences()

# Tried by tests that are not in this folder: piece of the sentence → file and name of the test.
TRIED_ELSEWHERE = {
    "with: dim-tf measure {} --post_process=none": (
        "dataset/test_adobe.py",
        "test_the_test_set_is_measured_with_its_own_trimaps",
    ),
    "Look at what it said; the same commands, for all workers, go on from": (
        "training/test_workers.py",
        "test_stopped_killed_and_started_again_it_is_the_same_run",
    ),
    "Where edges are hard try a larger --trimap_kernel_min": (
        "examples/test_pipeline.py",
        "test_a_crop_without_unknown_pixels_is_told_and_a_larger_kernel_helps",
    ),
    "gave other examples than were due; start it anew, with one worker, and": (
        "training/test_data_service.py",
        "test_a_data_service_with_two_workers_is_refused_and_one_goes_on",
    ),
    "Start it anew, with one worker, and the same command goes on.": (
        "training/test_data_service.py",
        "test_a_data_service_that_is_gone_is_told_and_the_run_goes_on_with_a_new_one",
    ),
}
# Advice that a test cannot follow: the sentence → why.
NOT_TO_BE_FOLLOWED = {
    "This is a mistake in the program; report it with what it printed.": (
        "a test cannot report a mistake"
    ),
    "Port {} may not be listened at by you; give one from 1024 on, such as --port=8000.": (
        "who runs the tests may listen anywhere, often"
    ),
    "{} cannot be locked ({}); let no other process write there.": (
        "what other processes do is not up to the one that is told"
    ),
    "{} is neither a file nor a folder; do not use this dataset.": "nothing is to be done",
    "{} lists the name {}, which could lead out of the dataset's folder; do not use this "
    "dataset.": ("nothing is to be done"),
    "The prediction has been all {} for {} steps. Usual causes: no batch norm (--nobatch_norm) "
    "with a learning rate above 1e-5, or no initial weights (--vgg_weights) for the encoder.": (
        "whether it helps shows after thousands of steps; docs/ablations.md has what it gave"
    ),
    "    {} run --photos_dir=photos --cutouts_dir=cutouts --validation_dir=validation "
    "--vgg_weights=vgg16_weights.npz {}": "a command of the report that runs for days",
}
# What only looks like advice to `gives_advice`.
NOTHING_TO_FOLLOW = {
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src "
    "'none'",
    "Photo and rough mask in, clean matte out.\n\n    {program} matte photo.jpg mask.png\n"
    "    {program} cutout photo.jpg mask.png\n    {program} matte photos/ --masks masks/ -o out/\n"
    "\n{words}\n\nEach has its own help: {program} matte --help. {program} --version says what is "
    "installed.",
    "change of the error, percent; to the right is worse",
    "Run {} of {}: {}, seed {}; {}.",
    "--flagfile={} would be file {}; that is too many.",
    "a list in --photos_dir of ",
    "a list in --cutouts_dir of ",
    "; the sources take turns",
    "; all that are given, since --mix was left out",
    "No cut-out in --cutouts_dir={} could be used: {}",
    "{} of {} pictures looked at in --alpha_dir={} are in colours, such as {}, and a matte is grey",
    "The unknown region needs a trimap.",
    "{} is not a picture; it is empty.",
    "{} is missing or damaged; the next validation begins it anew.",
    "{} is the best of another validation set than this; the next validation begins it anew.",
    "{}; it is skipped, the {}. of at most {}.",
}


def pieces_in_cases() -> set[str]:
    """Texts in the cases that stand in a sentence of the program."""
    texts = set().union(*map(texts_of, FOLDER.glob("test_advice_*.py")))
    return {
        text
        for text in texts
        if len(text.split()) > 2 and any(text in sentence for sentence in SENTENCES)
    }


def untried() -> list[str]:
    """The sentences with advice that no case tries and no list names.

    A piece that stands in many, such as "leave it out", does not say which of them a case tries.
    """
    pieces = pieces_in_cases() | TRIED_ELSEWHERE.keys()
    telling = {piece for piece in pieces if sum(piece in sentence for sentence in SENTENCES) <= 2}
    listed = NOT_TO_BE_FOLLOWED.keys() | NOTHING_TO_FOLLOW
    return [
        f"{place}: {sentence}"
        for sentence, place in SENTENCES.items()
        if gives_advice(sentence)
        and sentence not in listed
        and sentence not in pieces
        and not any(piece in sentence for piece in telling)
    ]


def test_every_advice_is_tried():
    assert not untried(), "\n" + "\n".join(untried())


def test_no_list_is_stale():
    for sentence in NOT_TO_BE_FOLLOWED.keys() | NOTHING_TO_FOLLOW:
        assert sentence in SENTENCES and gives_advice(sentence), sentence
    for piece, (file, name) in TRIED_ELSEWHERE.items():
        assert any(piece in sentence for sentence in SENTENCES), piece
        assert f"def {name}(" in (FOLDER.parent / file).read_text(), name


def test_advice_is_known_by_its_look():
    for sentence in (
        "{} does not exist; check the path.",
        "Give either --{} or --{}, not both.",
        "it is white along {} of its border; if its object is black give --invert=yes",
        "When there is room again the same command goes on.",
    ):
        assert gives_advice(sentence)
    for sentence in ("--hard_list={} cannot be read: {}.", "{} is a folder, not a picture."):
        assert not gives_advice(sentence)
