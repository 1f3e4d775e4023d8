import os
import re
import socket
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

import keras_gan as kg
from keras_gan.datasets import DatasetNotFoundError, images
from keras_gan.models.on_demand import OnDemand

pytestmark = pytest.mark.one_backend("jax")


@pytest.fixture
def folder(tmp_path):
    def write(name, width, height, value=0):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((height, width, 3), value, "uint8")).save(path)

    for i in range(20):
        write(f"{i % 3}/{i:02d}.png", 12, 12, i)
    return tmp_path / "pictures", write


def test_all_pictures_in_all_subfolders_once(folder):
    data = kg.datasets.load("images", path=folder[0])
    assert [len(split) for split in (data.train, data.validation, data.test)] == [16, 2, 2]
    assert data.train.shape[1:] == (12, 12, 3)
    assert data.train.dtype == np.uint8
    everything = np.concatenate([data.train, data.validation, data.test])
    assert sorted(everything[:, 0, 0, 0]) == list(range(20))
    assert list(everything[:, 0, 0, 0]) != list(range(20))
    again = kg.datasets.load("images", path=folder[0])
    np.testing.assert_array_equal(again.train, data.train)
    assert set(data.labels.train) == {-1}
    assert "20 pictures" in data.card["description"]
    assert str(folder[0].parent) not in str(data.card)


def test_grey_and_resized_is_said_on_the_card(folder):
    path, write = folder
    write("wide.jpg", 40, 20, 99)
    data = kg.datasets.load("images", path=path, size=8, grayscale=True)
    assert data.train.shape[1:] == (8, 8, 1)
    assert "grey, the middle square of each, resized to 8x8" in data.card["description"]


def test_the_middle_square_is_kept(tmp_path):
    picture = np.zeros((10, 30, 3), "uint8")
    picture[:, 10:20] = 200
    for i in range(3):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    assert (kg.datasets.load("images", path=tmp_path, size=5).train == 200).all()


def test_mixed_sizes_say_what_to_pass(folder):
    path, write = folder
    write("0/other.png", 30, 14)
    with pytest.raises(ValueError, match=r"differ in size.*12x12.*30x14.*size=12"):
        kg.datasets.load("images", path=path)


def test_broken_pictures_are_left_out_with_a_warning(folder):
    path, _ = folder
    (path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (path / "notes.txt").write_text("no picture")
    with pytest.warns(UserWarning, match=r"cannot be read are left out: 1, the first 'broken\.png' \(no picture that"):
        data = kg.datasets.load("images", path=path)
    assert len(data.train) == 16


def test_nothing_to_read(tmp_path):
    with pytest.raises(DatasetNotFoundError, match="There is no folder"):
        kg.datasets.load("images", path=tmp_path / "none")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "a.jpg").write_text("no picture either")
    with pytest.raises(ValueError, match="0 readable ones of 1"):
        kg.datasets.load("images", path=tmp_path)
    with pytest.raises(ValueError, match="size=0"):
        kg.datasets.load("images", path=tmp_path, size=0)


GREY = [[0, 1, 128, 255], [255, 128, 1, 0]]
COLOURS = [[(255, 0, 0), (0, 128, 0), (0, 0, 255)], [(1, 2, 3), (255, 255, 255), (0, 0, 0)]]
WHITE = (255, 255, 255)


def as_colours(grey):
    return [[(value,) * 3 for value in row] for row in grey]


def uint8(values):
    return Image.fromarray(np.array(values, "uint8"))


def png(path, width, height, bits, colour_type, rows, transparent=None):
    """A PNG of a kind that Pillow does not write."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))]
    if transparent is not None:
        chunks.append((b"tRNS", transparent))
    chunks += [(b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    content = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(content))


def png16(path, values, colour_type, transparent=None):
    rows = b"".join(b"\0" + row.tobytes() for row in np.array(values, ">u2"))
    png(path, len(values[0]), len(values), 16, colour_type, rows, transparent)


def tiff12(path, values):
    """A TIFF of 12 bits per value, a row of two in three bytes, which Pillow does not write."""
    pixels = b"".join(bytes((a >> 4, (a & 15) << 4 | b >> 8, b & 255)) for a, b in values)
    tags = [(256, 2), (257, len(values)), (258, 12), (259, 1), (262, 1), (273, 200), (277, 1)]
    tags += [(278, len(values)), (279, len(pixels))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    content = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    path.write_bytes(content.ljust(200, b"\0") + pixels)


def one_colour(path, **options):
    Image.new("RGB", (8, 8), (200, 30, 60)).save(path, **options)


def in_16_bits(values):
    return np.array(values, "uint16") * 257


def with_alpha(*alphas):
    """COLOURS, the first row with these alphas, the second opaque."""
    return [
        [(*colour, a) for colour, a in zip(row, known, strict=True)]
        for row, known in zip(COLOURS, (alphas, (255,) * 3), strict=True)
    ]


def animated(path, **options):
    uint8(COLOURS).save(path, save_all=True, append_images=[uint8(np.zeros((2, 3, 3)))], **options)


def palette(**options):
    picture = Image.new("P", (3, 2))
    picture.putpalette([value for row in COLOURS for colour in row for value in colour])
    picture.putdata(range(6))
    return lambda path: picture.save(path, **options)


def profile(content):
    return lambda path: uint8(COLOURS).save(path, icc_profile=content)


def first_row_white(*columns):
    return [[WHITE if x in columns else colour for x, colour in enumerate(COLOURS[0])], COLOURS[1]]


# Half of (0, 128, 0) on white is (127, 191, 127); an alpha of 0 is white, whatever colour it hides.
ON_WHITE = [[WHITE, (127, 191, 127), COLOURS[0][2]], COLOURS[1]]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TENTH = np.array([[0, 0.1, 1]], "float32")
# name: (what writes it, the colours that a person expects). Lossy formats: one colour, within 3.
KINDS = {
    "grey.png": (lambda path: uint8(GREY).save(path), as_colours(GREY)),
    "grey.bmp": (lambda path: uint8(GREY).save(path), as_colours(GREY)),
    "colour.png": (lambda path: uint8(COLOURS).save(path), COLOURS),
    "colour.tga": (lambda path: uint8(COLOURS).save(path), COLOURS),
    "colour.qoi": (lambda path: uint8(COLOURS).save(path), COLOURS),
    "16-bit grey.png": (lambda path: Image.fromarray(in_16_bits(GREY)).save(path), as_colours(GREY)),
    "16-bit grey.tif": (lambda path: Image.fromarray(in_16_bits(GREY)).save(path), as_colours(GREY)),
    "16-bit grey big-endian.tif": (
        lambda path: Image.fromarray(in_16_bits(GREY).astype(">u2")).save(path),
        as_colours(GREY),
    ),
    "16-bit grey zero is white.tif": (
        lambda path: Image.fromarray(in_16_bits(GREY)).save(path, tiffinfo={262: 0}),
        as_colours(255 - np.array(GREY)),
    ),
    "16-bit grey.jp2": (
        lambda path: Image.fromarray(in_16_bits(GREY)).save(path, irreversible=False),
        as_colours(GREY),
    ),
    "16-bit grey transparent.png": (
        lambda path: png16(path, in_16_bits(GREY), 0, struct.pack(">H", 257)),
        as_colours(np.where(np.array(GREY) == 1, 255, GREY)),
    ),
    "16-bit grey and alpha.png": (
        lambda path: png16(path, in_16_bits([[(100, 0), (100, 255)]]), 4),
        [[WHITE, (100, 100, 100)]],
    ),
    "16-bit colour.png": (lambda path: png16(path, in_16_bits(COLOURS), 2), COLOURS),
    "16-bit colour and alpha.png": (lambda path: png16(path, in_16_bits(with_alpha(0, 128, 255)), 6), ON_WHITE),
    "16-bit grey.pgm": (
        lambda path: path.write_bytes(b"P5 2 1 65535 " + bytes((255, 255, 128, 128))),
        [[WHITE, (128,) * 3]],
    ),
    "10-bit grey.pgm": (lambda path: path.write_bytes(b"P5 2 1 1023 " + bytes((3, 255, 0, 0))), [[WHITE, (0, 0, 0)]]),
    "12-bit grey.tif": (lambda path: tiff12(path, [[0, 4095], [16, 2056]]), as_colours([[0, 255], [1, 128]])),
    "32-bit integers.tif": (lambda path: Image.fromarray(np.array(GREY, "int32")).save(path), as_colours(GREY)),
    "floats to 1.tif": (lambda path: Image.fromarray(TENTH).save(path), as_colours([[0, 26, 255]])),
    "floats to 1.pfm": (lambda path: Image.fromarray(TENTH).save(path), as_colours([[0, 26, 255]])),
    "floats to 1 zero is white.tif": (
        lambda path: Image.fromarray(TENTH).save(path, tiffinfo={262: 0}),
        as_colours([[255, 229, 0]]),
    ),
    "floats to 255.tif": (lambda path: Image.fromarray(255 * TENTH).save(path), as_colours([[0, 26, 255]])),
    "floats all zero.tif": (lambda path: Image.fromarray(0 * TENTH).save(path), as_colours([[0, 0, 0]])),
    "1-bit.png": (
        lambda path: uint8(GREY).convert("1", dither=0).save(path),
        as_colours([[0, 0, 255, 255], [255, 255, 0, 0]]),
    ),
    "1-bit.tif": (
        lambda path: uint8(GREY).convert("1", dither=0).save(path),
        as_colours([[0, 0, 255, 255], [255, 255, 0, 0]]),
    ),
    "1-bit transparent.png": (
        lambda path: uint8(GREY).convert("1", dither=0).save(path, transparency=0),
        as_colours(np.full((2, 4), 255)),
    ),
    "palette.png": (palette(), COLOURS),
    "palette.gif": (palette(), COLOURS),
    "palette one colour transparent.png": (palette(transparency=1), first_row_white(1)),
    "palette one colour transparent.gif": (palette(transparency=1), first_row_white(1)),
    "palette half transparent.png": (palette(transparency=bytes((0, 128, 255, 255, 255, 255))), ON_WHITE),
    "colour one transparent.png": (
        lambda path: uint8(COLOURS).save(path, transparency=(0, 128, 0)),
        first_row_white(1),
    ),
    "grey one transparent.png": (lambda path: uint8([[9, 7]]).save(path, transparency=9), as_colours([[255, 7]])),
    "grey and alpha.png": (
        lambda path: Image.fromarray(np.array([[(9, 0), (0, 128)]], "uint8")).save(path),
        as_colours([[255, 127]]),
    ),
    "colour and alpha.png": (lambda path: uint8(with_alpha(0, 128, 255)).save(path), ON_WHITE),
    "colour and alpha.tif": (lambda path: uint8(with_alpha(0, 128, 255)).save(path), ON_WHITE),
    "colour and alpha.webp": (
        lambda path: uint8(with_alpha(0, 128, 255)).save(path, lossless=True, exact=True),
        ON_WHITE,
    ),
    "colour and alpha.ico": (
        lambda path: uint8(with_alpha(0, 128, 255)[:1]).crop((0, 0, 1, 1)).resize((16, 16)).save(path),
        [[WHITE] * 16] * 16,
    ),
    "opaque.png": (lambda path: uint8(with_alpha(255, 255, 255)).save(path), COLOURS),
    "ink.tif": (lambda path: Image.new("CMYK", (1, 1), (0, 255, 255, 0)).save(path), [[(255, 0, 0)]]),
    "ink.jpg": (lambda path: Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(path), [[(255, 0, 0)] * 8] * 8),
    "ycbcr.tif": (
        lambda path: Image.new("RGB", (8, 8), (200, 30, 60)).convert("YCbCr").save(path),
        [[(200, 30, 60)] * 8] * 8,
    ),
    "lab.tif": (
        lambda path: ImageCms.profileToProfile(
            Image.new("RGB", (8, 8), (200, 30, 60)),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        ).save(path),
        [[(200, 30, 60)] * 8] * 8,
    ),
    "photograph.jpg": (one_colour, [[(200, 30, 60)] * 8] * 8),
    "photograph.avif": (one_colour, [[(200, 30, 60)] * 8] * 8),
    "animated.gif": (animated, COLOURS),
    "animated.png": (animated, COLOURS),
    "animated.webp": (lambda path: animated(path, lossless=True), COLOURS),
    "pages.tif": (animated, COLOURS),
    "profile.png": (profile(SRGB), COLOURS),
    "broken profile.png": (profile(b"no profile"), COLOURS),
    "lying name.jpg": (lambda path: uint8(COLOURS).save(path, "png"), COLOURS),
}
LOSSY = ("ink.jpg", "ycbcr.tif", "lab.tif", "photograph.jpg", "photograph.avif")


def three(folder, name, write):
    """Three copies, since that many are needed."""
    folder.mkdir(exist_ok=True)
    for number in range(3):
        write(folder / f"{number} {name}")
    return folder


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_looks_as_a_viewer_shows_it_on_white(name, tmp_path):
    write, expected = KINDS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = kg.datasets.load("images", path=three(tmp_path / "a", name, write))
    assert len(data.train) == len(data.validation) == len(data.test) == 1
    for picture in (data.train[0], data.validation[0], data.test[0]):
        np.testing.assert_allclose(picture, expected, atol=3 if name in LOSSY else 0)


def test_grey_images_of_other_kinds(tmp_path):
    def load(name, **options):
        data = kg.datasets.load("images", path=three(tmp_path / name, name, KINDS[name][0]), grayscale=True, **options)
        return data.train[0, ..., 0]

    np.testing.assert_array_equal(load("16-bit grey.png"), GREY)
    np.testing.assert_array_equal(load("colour and alpha.png"), np.asarray(uint8(ON_WHITE).convert("L")))


# What the 3x2 picture abc / def becomes, as the EXIF standard says where its first row and column stand.
TURNED = {
    1: ["abc", "def"],
    2: ["cba", "fed"],
    3: ["fed", "cba"],
    4: ["def", "abc"],
    5: ["ad", "be", "cf"],
    6: ["da", "eb", "fc"],
    7: ["fc", "eb", "da"],
    8: ["cf", "be", "ad"],
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_pictures_stand_as_the_camera_was_held(name, orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    colours = dict(zip("abcdef", COLOURS[0] + COLOURS[1], strict=True))
    three(
        tmp_path,
        name,
        lambda path: uint8(COLOURS).save(path, exif=exif, **({"lossless": True} if ".w" in name else {})),
    )
    found = kg.datasets.load("images", path=tmp_path).train[0]
    np.testing.assert_array_equal(found, [[colours[letter] for letter in row] for row in TURNED[orientation]])


def test_damaged_metadata_do_not_matter(tmp_path):
    three(tmp_path, "a.png", lambda path: uint8(COLOURS).save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12"))
    np.testing.assert_array_equal(kg.datasets.load("images", path=tmp_path).train[0], COLOURS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([[0, 256]], "int32"), r"integers from 0 to 256.*Expected: 0 to 255\. Scale the values"),
        (np.array([[-1, 5]], "int32"), "integers from -1 to 5"),
        (np.array([[0, 300]], "float32"), "floats from 0 to 300.*Expected: 0 to 1, or 0 to 255"),
        (np.array([[-0.5, 0.5]], "float32"), "floats from -0.5 to 0.5"),
        (np.array([[0.5, np.nan]], "float32"), "or not finite"),
        (np.array([[np.nan, 0.5]], "float32"), "or not finite"),
        (np.array([[0.5, np.inf]], "float32"), "floats from 0.5 to inf"),
    ],
)
def test_values_that_could_mean_anything_are_refused_by_name(values, message, folder):
    path, _ = folder
    Image.fromarray(values).save(path / "x.tif")
    with pytest.raises(ValueError, match=rf"The picture 'x\.tif' in .*{message}"):
        kg.datasets.load("images", path=path, size=8)


def test_floats_on_two_scales_are_refused(tmp_path):
    for name, top in (("a", 1), ("b", 255), ("c", 255)):
        Image.fromarray(np.array([[0, top]], "float32")).save(tmp_path / f"{name}.tif")
    with pytest.raises(
        ValueError, match=r"two scales\. Received: 'a\.tif' and 'b\.tif', with values from 0 to 1 and from 0 to 255"
    ):
        kg.datasets.load("images", path=tmp_path)


def test_what_looks_spoiled_is_said(tmp_path):
    three(tmp_path / "dark", "a.png", lambda path: Image.fromarray(np.array([[0, 4000]], "uint16")).save(path))
    with pytest.warns(UserWarning, match="no value above 4000 of 65535, so that they are nearly black"):
        kg.datasets.load("images", path=tmp_path / "dark")
    three(tmp_path / "icons", "a.png", lambda path: uint8([[(255, 255, 255, 0), (255, 255, 255, 255)]]).save(path))
    with pytest.warns(
        UserWarning, match=r"of one plain colour: 3, the first '0 a\.png'\. Transparent parts become white"
    ):
        kg.datasets.load("images", path=tmp_path / "icons")


def good(folder):
    folder.mkdir(exist_ok=True)
    for i in range(3):
        uint8([[(i, 1, 2), (3, 4, 5)]]).save(folder / f"{i} good.png")
    return folder


def truncated(path):
    uint8(np.random.default_rng(0).integers(0, 256, (50, 50, 3))).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def loop(path):
    path.symlink_to(path)


def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def bomb(path):
    """Ninety million pixels in 100 KB."""
    png(path, 10_000, 9000, 8, 0, bytes(10_001) * 9000)


HOSTILE = {
    "pipe.png": (os.mkfifo, "no regular file"),
    "socket.png": (listening, "no regular file"),
    "loop.png": (loop, "no regular file"),
    "device.png": (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
    "nowhere.png": (lambda path: path.symlink_to("nothing"), "no regular file"),
    "truncated.png": (truncated, "truncated"),
    "empty.png": (lambda path: path.write_bytes(b""), "no picture that Pillow knows"),
    "page.jpg": (lambda path: path.write_text("<html>404</html>"), "no picture that Pillow knows"),
    "program.eps": (
        lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n"),
        "no picture that",
    ),
    "program.png": (
        lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n"),
        "no picture that",
    ),
    "bomb.png": (bomb, "more than 89,478,485 pixels, Pillow's limit: make it smaller"),
    "two\nlines.png": (lambda path: path.write_bytes(b""), r"'two\\nlines\.png'"),
    b"\xff\xfe.png": (lambda path: path.write_bytes(b""), r"\\udcff"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_read_is_named_and_left_out(name, tmp_path):
    write, reason = HOSTILE[name]
    folder = good(tmp_path / "a")
    write(folder / os.fsdecode(name))
    found = []

    def load():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found.extend([kg.datasets.load("images", path=folder), *(str(warning.message) for warning in caught)])

    loading = threading.Thread(target=load, daemon=True)  # a pipe without a writer would be waited for
    loading.start()
    loading.join(20)
    data, text = found
    assert len(data.train) == 1
    assert re.search(rf"are left out: 1, the first .*{reason}.*Replace or delete them", text)
    assert "\n" not in text


def test_folders_named_like_pictures_and_hidden_files(tmp_path):
    folder = good(tmp_path / "a")
    (folder / "folder.png").mkdir()
    uint8([[(7, 8, 9), (3, 4, 5)]]).save(folder / "folder.png" / "b.png")
    (folder / "._0 good.png").write_bytes(b"resource fork")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "c.png").write_bytes(b"resource fork")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "d.png").write_bytes(b"no picture")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kg.datasets.load("images", path=folder).card["description"].startswith("4 pictures")


def test_linked_folders_are_entered_once(tmp_path):
    folder, other = good(tmp_path / "a"), good(tmp_path / "b")
    (folder / "linked").symlink_to(other)
    (folder / "again").symlink_to(other)
    (folder / "itself").symlink_to(folder)
    assert kg.datasets.load("images", path=folder).card["description"].startswith("6 pictures")


def test_the_pictures_of_a_run_inside_are_not_trained_on(tmp_path):
    folder = good(tmp_path / "a")
    samples = folder / "runs" / "tfd-1" / "samples"
    samples.mkdir(parents=True)
    uint8([[(7, 8, 9), (3, 4, 5)]]).save(samples / "epoch_0001.png")
    (samples.parent / "config.json").write_text("{}")
    assert kg.datasets.load("images", path=folder).card["description"].startswith("3 pictures")
    (samples.parent / "config.json").unlink()
    assert kg.datasets.load("images", path=folder).card["description"].startswith("4 pictures")


def test_copies_are_named(tmp_path):
    folder = good(tmp_path / "a")
    uint8([[(1, 1, 2), (3, 4, 5)]]).save(folder / "x.bmp")
    with pytest.warns(UserWarning, match=r"are copies of others: 1, the first 'x\.bmp' of '1 good\.png'"):
        kg.datasets.load("images", path=folder)


def test_other_files_are_counted(tmp_path):
    folder = good(tmp_path / "a")
    for name in ("a.heic", "b.heic", "c.txt", "README"):
        (folder / name).write_text("")
    with pytest.warns(UserWarning, match=r"Other files in .* are left out: 4 \(\.heic, \.txt, no ending\)"):
        kg.datasets.load("images", path=folder)
    (folder / "0 good.png").unlink()
    with pytest.raises(ValueError, match=r"2 readable ones of 2 in .*; files with other names: 4 \(\.heic"):
        kg.datasets.load("images", path=folder)


@pytest.mark.parametrize("size", ["48", 4.0, True, -1])
def test_sizes_that_are_none(size, tmp_path):
    with pytest.raises(ValueError, match=re.escape(f"Received: size={size!r}. Expected: an integer")):
        kg.datasets.load("images", path=good(tmp_path / "a"), size=size)


def test_a_place_without_a_name():
    with pytest.raises(ValueError, match="images needs path="):
        kg.datasets.load("images")
    with pytest.raises(ValueError, match="has no name"):
        kg.datasets.load("images", path="")


def test_the_fingerprint_tells_the_pictures_apart(tmp_path):
    folder = good(tmp_path / "a")
    before = kg.datasets.load("images", path=folder).fingerprint
    assert before == kg.datasets.load("images", path=good(tmp_path / "b")).fingerprint
    uint8([[(0, 1, 2), (3, 4, 6)]]).save(folder / "1 good.png")
    assert before != kg.datasets.load("images", path=folder).fingerprint
    assert kg.datasets.load("ring").fingerprint == ""


def streamed(monkeypatch):
    monkeypatch.setattr(images, "_FEW_PICTURES", 2)


def splits(data):
    return data.train, data.validation, data.test


@pytest.mark.parametrize("options", [{"size": 7}, {"grayscale": True}, {"size": 5, "classes": True}])
def test_many_pictures_are_those_of_the_array(options, folder, monkeypatch):
    path, _ = folder
    arrays = kg.datasets.load("images", path=path, **options)
    streamed(monkeypatch)
    data = kg.datasets.load("images", path=path, **options)
    for few, many in zip(splits(arrays), splits(data), strict=True):
        assert isinstance(few, np.ndarray)
        assert isinstance(many, OnDemand)
        assert many.shape == few.shape
        np.testing.assert_array_equal(np.asarray(many), few)
    for few, many in zip(splits(arrays.labels), splits(data.labels), strict=True):
        np.testing.assert_array_equal(many, few)
    np.testing.assert_array_equal(data.pixel_mean(), arrays.pixel_mean())
    assert data.card["description"] == arrays.card["description"]


def test_many_bytes_are_many(folder, monkeypatch):
    monkeypatch.setattr(images, "_FEW_BYTES", 20 * 12 * 12 * 3 - 1)
    assert isinstance(kg.datasets.load("images", path=folder[0]).train, OnDemand)
    assert isinstance(kg.datasets.load("images", path=folder[0], grayscale=True).train, np.ndarray)


def test_nothing_is_decoded_before_it_is_asked_for(folder, monkeypatch):
    read = []
    monkeypatch.setattr(images, "_LOOKED_AT", 4)
    original = images._read
    monkeypatch.setattr(images, "_read", lambda file, **options: [read.append(file), original(file, **options)][1])
    streamed(monkeypatch)
    data = kg.datasets.load("images", path=folder[0], size=8)
    assert len(read) == 4
    assert data.fingerprint
    assert len(read) == 4
    data.train[:3]
    assert len(read) == 7


def test_a_broken_file_that_is_met_late_gives_way_to_the_next(folder, monkeypatch):
    path, _ = folder
    streamed(monkeypatch)
    monkeypatch.setattr(images, "_LOOKED_AT", 2)
    sound = np.asarray(kg.datasets.load("images", path=path, size=8).train)
    broken = sound[[5, 6], 0, 0, 0]  # the values are the numbers of the files
    for value in broken:
        (path / f"{value % 3}" / f"{value:02d}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    expected = sound.copy()
    expected[[5, 6]] = sound[7]
    for rows in ([5, 6, 7], [6, 5], range(16)):  # in whatever order they are asked for
        data = kg.datasets.load("images", path=path, size=8)
        with pytest.warns(
            UserWarning, match=r"cannot be read, so far: 1, the last '.*\.png' \(no picture that"
        ) as said:
            found = data.train[np.array(rows)]
        np.testing.assert_array_equal(found, expected[rows])
        assert len(said) == 1
        assert "\n" not in str(said[0].message)
        assert sorted(data.left_out) == sorted(
            f"'{value % 3}/{value:02d}.png' (no picture that Pillow knows)" for value in broken
        )


def test_a_broken_file_gives_way_to_one_of_its_class(folder, monkeypatch):
    path, _ = folder
    streamed(monkeypatch)
    data = kg.datasets.load("images", path=path, size=8, classes=True)
    last = int(np.flatnonzero(data.labels.train == 1)[-1])  # after it comes the first again
    first = int(np.flatnonzero(data.labels.train == 1)[0])
    value = int(data.train[last, 0, 0, 0])
    expected = data.train[first]
    (path / "1" / f"{value:02d}.png").write_bytes(b"")
    data = kg.datasets.load("images", path=path, size=8, classes=True)
    with pytest.warns(UserWarning, match="so far: 1"):
        np.testing.assert_array_equal(data.train[last], expected)
    for file in (path / "1").iterdir():
        file.write_bytes(b"")
    data = kg.datasets.load("images", path=path, size=8, classes=True)
    with (
        pytest.warns(UserWarning, match="so far: 1"),
        pytest.raises(ValueError, match="None of the pictures of a split or class"),
    ):
        data.train[last]


def test_sizes_and_ranges_that_do_not_fit_are_said_late_too(folder, monkeypatch):
    path, write = folder
    streamed(monkeypatch)
    monkeypatch.setattr(images, "_LOOKED_AT", 1)
    write("0/other.png", 30, 14)
    with pytest.raises(ValueError, match=r"differ in size.*12x12.*0/other\.png' of 30x14.*size=12"):
        np.concatenate([np.asarray(split) for split in splits(kg.datasets.load("images", path=path))])
    Image.fromarray(np.array([[0, 300]], "int32")).save(path / "0/other.png", "tiff")
    with pytest.raises(ValueError, match=r"picture '0/other\.png' in .* has values of an unknown range"):
        np.concatenate([np.asarray(split) for split in splits(kg.datasets.load("images", path=path, size=8))])


def test_many_files_of_which_none_is_a_picture(tmp_path, monkeypatch):
    streamed(monkeypatch)
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_text("no picture")
    with pytest.raises(ValueError, match=r"0 readable ones of 5 in .*'0\.jpg' \(no picture that Pillow knows\)"):
        kg.datasets.load("images", path=tmp_path)
    with pytest.raises(ValueError, match=r"0 readable ones of 5 in .*'0\.jpg' \(no picture that Pillow knows\)"):
        kg.datasets.load("images", path=tmp_path, size=8)


def test_what_looks_spoiled_is_said_of_some(folder, monkeypatch):
    streamed(monkeypatch)
    monkeypatch.setattr(images, "_LOOKED_AT", 5)
    with pytest.warns(UserWarning, match=r"of one plain colour: 5 of 5 looked at, the first '0/06\.png'"):
        kg.datasets.load("images", path=folder[0])


def test_those_looked_at_are_not_every_so_manieth(tmp_path, monkeypatch):
    streamed(monkeypatch)
    monkeypatch.setattr(images, "_LOOKED_AT", 8)
    for i in range(40):
        uint8([[(i % 5, 1, 2), (3, 4, 5)]]).save(tmp_path / f"{i:02}.png")
    with pytest.warns(UserWarning, match=r"copies of others: [1-7] of 8 looked at"):
        kg.datasets.load("images", path=tmp_path)


def test_the_fingerprint_of_many_is_of_names_and_sizes(folder, monkeypatch):
    path, write = folder
    streamed(monkeypatch)
    found = {kg.datasets.load("images", path=path, **options).fingerprint for options in ({}, {"size": 8})}
    found.add(kg.datasets.load("images", path=path, grayscale=True).fingerprint)
    assert kg.datasets.load("images", path=path).fingerprint in found
    (path / "0" / "00.png").rename(path / "0" / "renamed.png")
    found.add(kg.datasets.load("images", path=path).fingerprint)
    write("0/renamed.png", 12, 12)
    with open(path / "0" / "renamed.png", "ab") as file:
        file.write(b"longer")
    found.add(kg.datasets.load("images", path=path).fingerprint)
    assert len(found) == 5


def test_at_most_so_many_are_held_out(folder, monkeypatch):
    monkeypatch.setattr(images, "_MOST_HELD_OUT", 1)
    data = kg.datasets.load("images", path=folder[0])
    assert [len(split) for split in splits(data)] == [18, 1, 1]
    assert "the last two times 1 validation and test" in data.card["rows"]


def test_subfolders_are_classes(folder):
    path, write = folder
    write("z\nz/deep/er/a.png", 12, 12, 200)
    write("z\nz/b.png", 12, 12, 200)
    data = kg.datasets.load("images", path=path, classes=True)
    assert data.card["classes"] == ["0", "1", "2", "z\nz"]
    assert "22 pictures of 4 classes" in data.card["description"]
    for images_of, labels in zip(splits(data), splits(data.labels), strict=True):
        values = images_of[:, 0, 0, 0]
        np.testing.assert_array_equal(labels, np.where(values == 200, 3, values % 3))
        assert labels.dtype == np.int64
    assert set(data.labels.train) == {0, 1, 2, 3}


def test_each_class_is_trained_on_however_few_it_has(tmp_path):
    for number in range(8):
        good(tmp_path / f"class {number}")
        (tmp_path / f"class {number}" / "0 good.png").unlink()
    for seed in range(3):
        good(tmp_path / f"more {seed}")
        data = kg.datasets.load("images", path=tmp_path, classes=True)
        assert set(data.labels.train) == set(range(9 + seed))
        assert len(data.train) == len(data.labels.train) == 16 + 3 * (seed + 1) - 2 * ((16 + 3 * (seed + 1)) // 10)


def test_subfolders_that_are_no_classes(tmp_path):
    def load():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return kg.datasets.load("images", path=tmp_path / "a", classes=True)

    good(tmp_path / "a")
    with pytest.raises(
        ValueError, match=r"Received: 3 of 3 pictures beside the subfolders of .*, the first '0 good\.png'"
    ):
        load()
    for file in good(tmp_path / "a").iterdir():
        file.unlink()
    good(tmp_path / "a" / "cats")
    with pytest.raises(ValueError, match=r"two subfolders or more. Received: one, 'cats', with pictures in"):
        load()
    good(tmp_path / "a" / "dogs")
    for name in ("1 good.png", "2 good.png"):
        (tmp_path / "a" / "dogs" / name).write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"two pictures at least. Received: 1 readable ones in the subfolder 'dogs' of"
    ):
        load()
    (tmp_path / "a" / "dogs" / "1 good.png").unlink()
    uint8([[(9, 9, 2), (3, 4, 5)]]).save(tmp_path / "a" / "dogs" / "1 good.png")
    assert load().card["classes"] == ["cats", "dogs"]
    uint8([[(9, 9, 2), (3, 4, 5)]]).save(tmp_path / "a" / "outside.png")
    with pytest.raises(ValueError, match=r"Received: 1 of 7 pictures beside the subfolders"):
        load()


def test_pictures_that_are_all_alike_or_cut_or_enlarged_are_named(folder, tmp_path):
    path, write = folder
    three(tmp_path / "alike", "a.png", lambda file: uint8(COLOURS).save(file))
    with pytest.warns(UserWarning, match=r"are all alike: 3\. A generator would learn this one picture"):
        kg.datasets.load("images", path=tmp_path / "alike")
    write("0/wide.png", 41, 20)
    with pytest.warns(
        UserWarning, match=r"smaller than 13x13 and are enlarged: 20, the first '0/00\.png' of 12x12 pixels"
    ):
        kg.datasets.load("images", path=path, size=13)
    with pytest.warns(UserWarning, match=r"less than half of each.*: 1, the first '0/wide\.png' of 41x20 pixels"):
        kg.datasets.load("images", path=path, size=8)


def test_a_model_learns_from_many_pictures(folder, monkeypatch):
    """One run of each kind of look: checks before training, training, validation, preprocessing."""
    import keras
    from conftest import make_networks

    path, _ = folder
    arrays = kg.datasets.load("images", path=path, size=2, grayscale=True, classes=True)
    streamed(monkeypatch)
    data = kg.datasets.load("images", path=path, size=2, grayscale=True, classes=True)
    found = []
    for some in (arrays, data):
        keras.utils.set_random_seed(1)
        generator, discriminator = make_networks()
        noise, picture = keras.Input((generator.input_shape[-1],)), keras.Input((2, 2, 1))
        gan = kg.GAN(
            keras.Model(noise, keras.layers.Reshape((2, 2, 1))(generator(noise))),
            keras.Model(picture, discriminator(keras.layers.Flatten()(picture))),
            preprocessing=some.preprocessing,
            seed=1,
        )
        gan.compile()
        history = gan.fit(some.train, batch_size=5, epochs=2, validation_data=some.validation, verbose=0).history
        fid = kg.evaluation.references.RealImages(some).sample(4, seed=0)
        found.append((history, gan.sample(3, seed=0), fid, gan.preprocess(some.test)))
    assert found[0][0] == found[1][0]
    for one, other in zip(found[0][1:], found[1][1:], strict=True):
        np.testing.assert_array_equal(one, other)
