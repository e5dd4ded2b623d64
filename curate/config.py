"""The configuration as a value: parsed once, frozen, refusing keys it does not know.

`curate.toml` has a table per step; every scanner owns `[scan.NAME]`, checked against the settings model
of that scanner. A profile is a set of defaults; what the file says wins over it.
"""

import hashlib
import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, field_validator

from curate.errors import ConfigError, path_of, several_of, suggestion
from curate.options import DuplicateEngine, Profile

SCHEMA = "curate.schema.json"
"""The JSON schema of `curate.toml` in a workspace: what editors complete and check by."""
LEAST_MEMORY_MIB = 1024
"""What any image may take, however few pixels are allowed: files are read whole, and metadata count as well."""
BYTES_PER_PIXEL = 32
"""What decoding takes at its worst: 16-bit colour with alpha, as the decoder holds it, as samples, and as shown."""


class Settings(BaseModel):
    """A frozen table of settings; a misspelt key, or a value of another type, is an error, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="wrap")
    @classmethod
    def _is_what_is_written(cls, written: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        read = validate(written)
        _refuse_turned(written, read)
        return read


class DecodeLimits(Settings):
    """How much one image may cost before it is refused with a reason."""

    max_pixels: int = Field(
        178_956_970, gt=0, description="width x height above which an image is a decompression bomb"
    )
    max_bytes: int = Field(1 << 30, gt=0, description="file size above which an image is not read")
    memory_mib: int = Field(
        0, ge=0, description="memory that one image may take; 0 means what an image of max_pixels can need"
    )
    timeout_s: float = Field(60.0, gt=0, description="time for reading, decoding and measuring one image")

    @property
    def allowed_memory_mib(self) -> int:
        """`memory_mib`, or what follows from `max_pixels` and `max_bytes` where it is 0."""
        return self.memory_mib or LEAST_MEMORY_MIB + (self.max_pixels * BYTES_PER_PIXEL >> 20)


class EngineSettings(Settings):
    """How the work is spread."""

    workers: int = Field(0, ge=0, description="processes; 0 means one for every core")
    shard_size: int = Field(256, gt=0, description="images per unit of work, and per part file")


class JudgeSettings(Settings):
    """What holds for all scanners alike."""

    prevalence: float = Field(
        0.5, gt=0, le=1, description="a check that hits more than this share is a property of the dataset"
    )
    prevalence_required: float = Field(
        0.8, gt=0, le=1, description="the same for what the profile requires of every image, such as one face"
    )
    prevalence_min_images: int = Field(20, ge=1, description="below so many images every finding is kept")


class Config(Settings):
    """Everything `curate.toml` can say."""

    profile: Profile = "general"
    duplicates: DuplicateEngine = "hash"
    exclude: list[str] = Field(default_factory=list, description="patterns of names or paths that are left out")
    online: bool = Field(False, description="fetch what a list of this machine names by URL")
    text: bool = Field(False, description="read the text on images (extra `text`)")
    embeddings: bool | str = Field(
        False, description="measure what a network sees in every image, or take that from a .parquet or .npy file"
    )
    decode: DecodeLimits = DecodeLimits()
    engine: EngineSettings = EngineSettings()
    judge: JudgeSettings = JudgeSettings()
    scan: dict[str, dict[str, Any]] = Field(default_factory=dict)


def read(path: Path) -> Config:
    """Read a `curate.toml`.

    Raises `ConfigError` naming the file, the key and the mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give --config an existing TOML file") from error
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, Config)}") from error


def override(config: Config, scanner: str, **settings: Any) -> Config:
    """The same configuration with some settings of one scanner replaced."""
    table = {**config.scan.get(scanner, {}), **settings}
    return config.model_copy(update={"scan": {**config.scan, scanner: table}})


def with_options(config: Config, options: Mapping[str, Any]) -> Config:
    """Return a configuration with every option that is not None in place of its own setting of that name.

    `thorough` is a setting of the scanner of duplicates; a file of embeddings has its path made absolute, since it
    is read from anywhere later. Raises `ConfigError` for a value that there is not.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if "thorough" in given:
        config = override(config, "duplicates", thorough=given.pop("thorough"))
    if not isinstance(given.get("exclude", ""), str):
        given["exclude"] = several_of("exclude", given["exclude"])
    embeddings = given.get("embeddings", config.embeddings)
    if not isinstance(embeddings, bool):
        embeddings = str(path_of("embeddings", embeddings).absolute())
    given["embeddings"] = embeddings
    try:
        return Config.model_validate({**config.model_dump(), **given})
    except ValidationError as error:
        raise ConfigError(explain(error, Config)) from error


def refuse_twice(config: Config, options: Mapping[str, Any]) -> None:
    """Raise `ConfigError` where an option that is not None is set by the configuration, too."""
    own = config.model_fields_set | config.scan.get("duplicates", {}).keys() & {"thorough"}
    for name, value in options.items():
        if value is not None and name in own:
            raise ConfigError(f"{name} is given by itself and in configuration; leave one of them out")


def dump(config: Config) -> str:
    """Write a configuration as TOML, every setting spelt out; editors find the schema that lies beside it."""
    import tomli_w

    return f"#:schema ./{SCHEMA}\n\n{tomli_w.dumps(config.model_dump(mode='json'))}"


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Turn pydantic's report on values for a model into one line."""
    parts = []
    for item in error.errors():
        key = ".".join(str(piece) for piece in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            meant = suggestion(str(item["loc"][-1]), _settings_at(model, item["loc"][:-1]))
            message = f"is not a setting; {meant}Remove it or mend the spelling"
        parts.append(f"{key} {message}")
    return "; ".join(parts)


def _refuse_turned(written: object, read: object) -> None:
    """Raise `ValueError` where a truth value or text was read as a number, or anything else as a truth value."""
    if isinstance(written, Mapping) and isinstance(read, Mapping):
        for name, value in written.items():
            _refuse_turned(value, read.get(name))
    is_number = isinstance(read, int | float)
    if is_number and (isinstance(written, str) or isinstance(written, bool) != isinstance(read, bool)):
        wanted = "true or false" if isinstance(read, bool) else "a number"
        raise ValueError(f"is {json.dumps(written, default=str)}; {wanted} is wanted there")


def _settings_at(model: type[BaseModel], tables: Sequence[int | str]) -> Collection[str]:
    """List the settings of the table that these names lead to, one within the other."""
    for name in tables:
        field = model.model_fields.get(str(name))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ()
        model = inner
    return model.model_fields


def fingerprint(value: Mapping[str, Any]) -> str:
    """A short stable digest of JSON-able settings."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
