"""What becomes of images on their way through the web: edits, seeded by the image."""

import io
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

Edit = Callable[[Image.Image, Random], Image.Image]


def recompressed(quality: int) -> Edit:
    """Saved as JPEG of this quality."""

    def edit(image: Image.Image, _: Random) -> Image.Image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")

    return edit


def scaled(factor: float) -> Edit:
    """Resized, Lanczos."""
    return lambda image, _: image.resize((round(image.width * factor), round(image.height * factor)))


def brightened(factor: float) -> Edit:
    """Every channel multiplied, burnt out at white."""
    return lambda image, _: ImageEnhance.Brightness(image).enhance(factor)


def transposed(method: Image.Transpose) -> Edit:
    """Mirrored or turned."""
    return lambda image, _: image.transpose(method)


def watermarked(image: Image.Image, _: Random) -> Image.Image:
    """White text across the middle."""
    marked = image.copy()
    font = ImageFont.load_default(size=max(12, image.width // 9))
    ImageDraw.Draw(marked).text(
        (image.width * 0.1, image.height * 0.45), "SAMPLE PHOTO", fill=(255, 255, 255), font=font
    )
    return marked


def framed(image: Image.Image, rng: Random) -> Image.Image:
    """A border of 10 px, black, white or coloured."""
    colour = rng.choice([(0, 0, 0), (255, 255, 255), (200, 30, 60)])
    frame = Image.new("RGB", (image.width + 20, image.height + 20), colour)
    frame.paste(image, (10, 10))
    return frame


def cropped(share: float) -> Edit:
    """A window of this share of either side, anywhere."""

    def edit(image: Image.Image, rng: Random) -> Image.Image:
        width, height = int(image.width * share), int(image.height * share)
        left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
        return image.crop((left, top, left + width, top + height))

    return edit


def squashed(image: Image.Image, _: Random) -> Image.Image:
    """A window of 80 % by 70 %, made square: what a network is given."""
    left, top = image.width // 10, image.height // 5
    window = image.crop((left, top, left + image.width * 8 // 10, top + image.height * 7 // 10))
    return window.resize((224, 224), Image.Resampling.BICUBIC)


def moved_by(matrix: tuple[float, float, float, float]) -> Edit:
    """Turned, sheared or stretched about the middle, black where nothing lies."""

    def edit(image: Image.Image, _: Random) -> Image.Image:
        a, b, c, d = matrix
        x, y = image.width / 2, image.height / 2
        data = (a, b, x - a * x - b * y, c, d, y - c * x - d * y)
        return image.transform(image.size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)

    return edit


EDITS: dict[str, tuple[Edit, str]] = {
    "JPEG quality 30": (recompressed(30), "re_encoded"),
    "JPEG quality 10": (recompressed(10), "re_encoded"),
    "half size": (scaled(0.5), "resized"),
    "quarter size": (scaled(0.25), "resized"),
    "brightness 0.6": (brightened(0.6), "recoloured"),
    "brightness 1.4": (brightened(1.4), "recoloured"),
    "grey": (lambda image, _: image.convert("L").convert("RGB"), "recoloured"),
    "mirrored": (transposed(Image.Transpose.FLIP_LEFT_RIGHT), "mirrored"),
    "turned 90": (transposed(Image.Transpose.ROTATE_90), "rotated"),
    "turned 180": (transposed(Image.Transpose.ROTATE_180), "rotated"),
    "turned 270": (transposed(Image.Transpose.ROTATE_270), "rotated"),
    "text watermark": (watermarked, "edited"),
    "border 10 px": (framed, "edited"),
    "crop to 90 %": (cropped(0.9), "cropped"),
    "crop to 75 %": (cropped(0.75), "cropped"),
    "crop to 50 %": (cropped(0.5), "cropped"),
    "turned by 15 degrees": (moved_by((0.966, -0.259, 0.259, 0.966)), "cropped"),
    "sheared by 15 degrees": (moved_by((1.0, 0.268, 0.0, 1.0)), "cropped"),
    "crop made square": (squashed, "cropped"),
    "crop to 75 % mirrored": (lambda image, rng: ImageOps.mirror(cropped(0.75)(image, rng)), "cropped"),
}
"""Name to the edit and the relation that it makes."""
