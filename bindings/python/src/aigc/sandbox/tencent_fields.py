"""The fields of CreateAigcImageTask and what the service accepts in them."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, FrozenSet, Mapping, NamedTuple, Optional, Tuple

from .draw import size_in_prompt
from .wire import Refusal

MAX_OUTPUTS = 10
# A type, a nested schema, or a list of one of them.
CREATE_SCHEMA: Dict[str, Any] = {
    "ModelName": str,
    "ModelVersion": str,
    "SceneType": str,
    "Prompt": str,
    "NegativePrompt": str,
    "EnhancePrompt": bool,
    "ImageInfos": [{"ImageUrl": str, "ReferenceType": str}],
    "OutputImageCount": int,
    "ExtraParameters": {"AspectRatio": str, "Resolution": str, "LogoAdd": int, "OutputFormat": str},
    "AdditionalParameters": str,
    "StoreCosParam": {"CosBucketName": str, "CosBucketRegion": str, "CosBucketPath": str},
    "Operator": str,
}
_RATIO = re.compile(r"([1-9]\d?):([1-9]\d?)\Z")
_SIZE = re.compile(r"(\d{1,5})[xX*](\d{1,5})\Z")
_LONG_SIDE = {"720P": 512, "1K": 512, "1080P": 640, "2K": 768, "4K": 1024}


class Model(NamedTuple):
    """What one model takes."""

    versions: Mapping[str, int]  # version: most reference images
    ratios: FrozenSet[str] = frozenset()
    resolutions: FrozenSet[str] = frozenset({"720P", "1080P", "2K", "4K"})


_WIDE = frozenset("16:9 9:16 1:1 3:4 4:3 21:9 2:3 3:2".split())
MODELS: Dict[str, Model] = {
    "Hunyuan": Model({"": 5, "3.0": 3, "3.5-preview": 5}),
    "Qwen": Model({"": 1, "0925": 1}),
    "Vidu": Model({"": 7, "q2": 7}, _WIDE),
    "Kling": Model({"": 10, "2.1": 4, "O1": 10, "3.0": 1, "3.0-Omni": 10}, _WIDE),
    "wand-vega-image": Model(
        {"": 10, "1.0-lite": 10, "1.0-flash": 10, "1.0-pro": 10}, resolutions=frozenset({"1K", "2K", "4K"})
    ),
    "MJ": Model({"": 1, "v7": 1}),
    "GEM": Model({"": 3, "2.5": 3, "3.0": 3}),
}


def check_types(value: Any, schema: Mapping[str, Any], where: str = "") -> Dict[str, Any]:
    """Refuse unknown names and wrong types; null counts as absent."""
    clean: Dict[str, Any] = {}
    for name, given in value.items():
        full = where + name
        if name not in schema:
            raise Refusal("UnknownParameter", "The parameter `%s` is not recognized." % full)
        if given is not None:
            clean[name] = _check_one(given, schema[name], full)
    return clean


def _check_one(given: Any, wanted: Any, full: str) -> Any:
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            raise Refusal("InvalidParameterValue", "The parameter `%s` must be an object." % full)
        return check_types(given, wanted, full + ".")
    if isinstance(wanted, list):
        if not isinstance(given, list):
            raise Refusal("InvalidParameterValue", "The parameter `%s` must be an array." % full)
        return [_check_one(item, wanted[0], "%s.%d" % (full, i)) for i, item in enumerate(given)]
    if not isinstance(given, wanted) or (wanted is int and isinstance(given, bool)):
        names = {str: "a string", int: "an integer", bool: "a boolean"}
        raise Refusal("InvalidParameterValue", "The parameter `%s` must be %s." % (full, names[wanted]))
    return given


def _check_model(fields: Dict[str, Any], any_model: bool) -> None:
    name, version = fields.get("ModelName") or "", fields.get("ModelVersion") or ""
    references = len(fields.get("ImageInfos") or [])
    model = MODELS.get(name)
    if model is None:
        if name and not any_model:
            raise Refusal("InvalidParameter.ModelNotSupported", "The model `%s` is not supported." % name)
        return
    if version not in model.versions:
        if not any_model:
            raise Refusal("InvalidParameter.ModelNotSupported", "`%s` has no version `%s`." % (name, version))
        return
    if references > model.versions[version]:
        raise Refusal(
            "InvalidParameterValue", "`%s` takes at most %d reference images." % (name, model.versions[version])
        )
    extra = fields.get("ExtraParameters") or {}
    ratio, resolution = extra.get("AspectRatio"), extra.get("Resolution")
    if ratio and model.ratios and ratio not in model.ratios:
        raise Refusal("InvalidParameterValue", "`%s` does not offer the aspect ratio %s." % (name, ratio))
    if resolution and resolution not in model.resolutions:
        raise Refusal("InvalidParameterValue.Resolution", "`%s` does not offer %s." % (name, resolution))


def _check_scene(fields: Dict[str, Any]) -> None:
    scene = fields.get("SceneType")
    if scene and (scene != "3d_panorama" or fields.get("ModelName") not in (None, "", "Hunyuan")):
        raise Refusal("InvalidParameterValue", "SceneType can only be 3d_panorama, and only with Hunyuan.")


def _check_extra(extra: Dict[str, Any]) -> None:
    ratio = extra.get("AspectRatio")
    if ratio and not _RATIO.match(ratio):
        raise Refusal("InvalidParameterValue", "AspectRatio must look like 16:9.")
    if extra.get("Resolution") and extra["Resolution"] not in _LONG_SIDE:
        raise Refusal("InvalidParameterValue.Resolution", "Resolution must be one of 720P, 1080P, 1K, 2K, 4K.")
    if extra.get("LogoAdd", 0) not in (0, 1):
        raise Refusal("InvalidParameterValue", "LogoAdd must be 0 or 1.")
    if extra.get("OutputFormat") and extra["OutputFormat"] not in ("jpeg", "png"):
        raise Refusal("InvalidParameterValue", "OutputFormat must be jpeg or png.")


def _free_size(fields: Dict[str, Any]) -> Optional[Tuple[int, int]]:
    """The size in AdditionalParameters, checked against the model's rule."""
    text = fields.get("AdditionalParameters")
    if not text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refusal("InvalidParameterValue", "AdditionalParameters must hold a JSON object in a string.")
    size = value.get("size")
    if size is None:
        return None
    match = _SIZE.match(size) if isinstance(size, str) else None
    if match is None:
        raise Refusal("InvalidParameterValue", "size must look like 1024x1024.")
    width, height = int(match.group(1)), int(match.group(2))
    area, model = width * height, fields.get("ModelName")
    if model == "Hunyuan" and not (512 <= width <= 2048 and 512 <= height <= 2048 and area <= 1024 * 1024):
        raise Refusal("InvalidParameterValue", "Hunyuan sizes: sides of 512 to 2048, at most 1024*1024 pixels.")
    if model == "Qwen" and not 261632 <= area <= 2048 * 2048:
        raise Refusal("InvalidParameterValue", "Qwen sizes: 512*512 to 2048*2048 pixels in all.")
    if not (1 <= width <= 4096 and 1 <= height <= 4096):
        raise Refusal("InvalidParameterValue", "size is out of range.")
    return width, height


def _fitted(extra: Dict[str, Any]) -> Tuple[int, int]:
    """A picture of the right shape, small enough to draw at once."""
    side = _LONG_SIDE.get(extra.get("Resolution") or "", 512)
    match = _RATIO.match(extra.get("AspectRatio") or "1:1")
    assert match is not None
    across, down = int(match.group(1)), int(match.group(2))
    longest = max(across, down)
    return max(1, side * across // longest), max(1, side * down // longest)


def check_create(fields: Dict[str, Any], any_model: bool) -> Tuple[int, int]:
    """Validate a request whose types are right; the size of the pictures it asks for."""
    prompt, references = fields.get("Prompt") or "", fields.get("ImageInfos") or []
    if not prompt and not references:
        raise Refusal("InvalidParameter.NoInputSpecified", "Prompt is required when there is no reference image.")
    if "[blocked]" in prompt:
        raise Refusal("InvalidParameter.ViolationContent", "The input is blocked by content review.")
    for item in references:
        url = item.get("ImageUrl") or ""
        if not re.match(r"https?://[^/\s]+", url):
            raise Refusal("InvalidParameter.InvalidUrl", "ImageInfos.ImageUrl must be an http or https URL.")
    if not 1 <= fields.get("OutputImageCount", 1) <= MAX_OUTPUTS:
        raise Refusal("InvalidParameterValue", "OutputImageCount must lie between 1 and %d." % MAX_OUTPUTS)
    extra = fields.get("ExtraParameters") or {}
    _check_extra(extra)
    _check_scene(fields)
    _check_model(fields, any_model)
    if "StoreCosParam" in fields:
        store = fields["StoreCosParam"]
        for name in ("CosBucketName", "CosBucketRegion"):
            if not store.get(name):
                raise Refusal("MissingParameter", "StoreCosParam.%s is required." % name)
        if not re.match(r"[a-z0-9][a-z0-9-]{0,62}\Z", store["CosBucketName"]):
            raise Refusal("ResourceNotFound.CosBucketNameInvalid", "The bucket name is invalid.")
        if not re.match(r"[a-z0-9-]{1,32}\Z", store["CosBucketRegion"]):
            raise Refusal("InvalidParameterValue", "The bucket region is invalid.")
    free = _free_size(fields)
    return size_in_prompt(prompt) or free or _fitted(extra)
