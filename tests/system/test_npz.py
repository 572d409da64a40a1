import numpy as np
import pytest

from dim_tf.system.files import WriteError
from dim_tf.system.npz import UNREADABLE, read_npz, text_array, text_of, write_npz


def test_what_is_written_is_read_and_only_what_is_wanted(tmp_path):
    path = tmp_path / "new" / "file.npz"
    said = {"name": "Mähne", "numbers": [1, 2.5, None]}
    write_npz(path, {"a/b": np.arange(6).reshape(2, 3), "text": text_array(said)})
    arrays = read_npz(path)
    assert list(arrays) == ["a/b", "text"]
    np.testing.assert_array_equal(arrays["a/b"], np.arange(6).reshape(2, 3))
    assert text_of(arrays["text"]) == said
    assert list(read_npz(path, lambda name: name.startswith("a/"))) == ["a/b"]


def test_an_altered_byte_is_never_read_as_another_array(tmp_path):
    path = tmp_path / "file.npz"
    write_npz(path, {"large": np.arange(1000)})
    content = bytearray(path.read_bytes())
    header = content.index(b"'descr'")
    for place in (*range(header - 10, header + 60), len(content) // 2):
        altered = content.copy()
        altered[place] ^= 1
        path.write_bytes(altered)
        with pytest.raises(UNREADABLE):
            read_npz(path)


def test_what_would_expand_far_pickles_and_other_files_are_unreadable(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(101_000_000, np.uint8))
    np.savez(tmp_path / "pickle.npz", a=np.array([{}], object))
    (tmp_path / "text.npz").write_text("no npz file")
    for name, told in (("bomb", "would expand to 101000"), ("pickle", "pickle"), ("text", "zip")):
        with pytest.raises(UNREADABLE, match=told):
            read_npz(tmp_path / f"{name}.npz")


def test_no_file_and_no_room_are_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(WriteError):
        write_npz(tmp_path / "folder.npz", {"a": np.zeros(1)})
