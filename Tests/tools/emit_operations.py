"""Typed requests, one a operation, for the languages that have types: from operations.json."""

from __future__ import annotations

import textwrap
from typing import Dict, List

import operations

PYTHON = {"string": "str", "int": "int", "double": "float", "bool": "bool", "json": "Union[str, Mapping[str, Any]]"}
GO = {"string": "string", "int": "*int64", "double": "*float64", "bool": "*bool", "json": "json.RawMessage"}
RUST = {"string": "&str", "int": "i64", "double": "f64", "bool": "bool", "json": "&str"}

PYTHON_HEAD = '''"""Typed operations: client.tencent.aigc_image(...), client.alibaba.pre_model_inference(...).

Tests/tools/generate.py writes this file from the library's own tables. Each method submits, or fetches, exactly as
client.submit() and client.fetch() with the same names do; an editor and a type checker know the fields. Model names,
sizes and ratios are checked by the provider.
"""

from __future__ import annotations

from typing import Any, Generic, Iterable, Mapping, Optional, Protocol, TypeVar, Union

from ._call import PathLike
from ._jobs import BaseDownload, BaseJob
from .request import ImageURL

JobT = TypeVar("JobT", bound=BaseJob)
DownloadT = TypeVar("DownloadT", bound=BaseDownload)
MadeJob = TypeVar("MadeJob", bound=BaseJob, covariant=True)
MadeDownload = TypeVar("MadeDownload", bound=BaseDownload, covariant=True)


class Operates(Protocol[MadeJob, MadeDownload]):
    """What the classes below ask of a client."""

    def submit(self, provider: str, operation: Optional[str] = None, **fields: Any) -> MadeJob: ...

    def fetch(
        self, provider: str, operation: Optional[str] = None, *, path: Optional[PathLike] = None, **fields: Any
    ) -> MadeDownload: ...


'''
# Parameters of every operation that is submitted, with what they say.
PYTHON_OPTIONS = (
    ("body", "Optional[Mapping[str, Any]]", "None", "fields of a newer cloud, by the provider's own names."),
    ("key", "Optional[str]", "None", "with a journal: the same key never pays twice."),
    ("follow", "Optional[bool]", "None", "whether the library polls the job until it ends."),
    ("deadline", "Optional[float]", "None", "seconds until the library gives the job up."),
    ("hold", "bool", "False", "the job waits before its first byte, until job.release()."),
)


def pascal(words: str) -> str:
    """pre_model_inference as a type's name."""
    return "".join(w.capitalize() for w in words.split("_"))


def type_name(o: operations.Operation) -> str:
    """The name of an operation's type: TencentAigcImage."""
    return pascal(o.provider) + pascal(o.name)


def about(o: operations.Operation) -> str:
    """What an operation is, in one sentence."""
    if o.kind == "submit":
        return "Submits %s: one job, one bill." % o.wire_name
    if o.wire_name == "GET":
        return "Fetches one image by its URL, free of charge."
    return "Fetches one image with %s, free of charge." % o.wire_name


def python_method(o: operations.Operation) -> str:
    """One method."""
    submits = o.kind == "submit"
    options = PYTHON_OPTIONS if submits else PYTHON_OPTIONS[:1]
    lines = ["    def %s(\n        self,\n" % o.name]
    said: List[str] = []
    passed: List[str] = []
    star = False
    for f in o.plain:
        if not star and f.name != "prompt":
            lines.append("        *,\n")
            star = True
        kind = PYTHON[f.type]
        lines.append("        %s: %s,\n" % (f.name, kind if f.required else "Optional[%s] = None" % kind))
        said.append("%s: %s" % (f.name, f.text))
        passed.append(f.name)
    if not star:
        lines.append("        *,\n")
    if o.images:
        text = next(f.text for f in o.fields if f.type == "image_url")
        lines.append("        image_urls: Iterable[ImageURL] = (),\n")
        said.append("image_urls: %s" % text)
        passed.append("image_urls")
    if not submits:
        lines.append("        path: Optional[PathLike] = None,\n")
        said.append("path: the file to write, or None for memory, as for Job.download().")
        passed.append("path")
    for name, kind, default, text in options:
        lines.append("        %s: %s = %s,\n" % (name, kind, default))
        said.append("%s: %s" % (name, text))
        passed.append(name)
    lines.append("    ) -> %s:\n" % ("JobT" if submits else "DownloadT"))
    lines.append('        """%s\n\n' % about(o))
    for line in said:
        folded = textwrap.wrap(line.replace("\\", "\\\\"), 104, subsequent_indent="    ")
        lines.extend("        %s\n" % part for part in folded)
    lines.append('        """\n')
    lines.append("        return self._client.%s(\n" % o.kind)
    lines.append('            "%s",\n            "%s",\n' % (o.provider, o.name))
    lines.extend("            %s=%s,\n" % (name, name) for name in passed)
    lines.append("        )\n")
    return "".join(lines)


def python() -> str:
    """typed.py of the Python package."""
    providers: Dict[str, List[operations.Operation]] = {}
    for o in operations.operations():
        providers.setdefault(o.provider, []).append(o)
    parts = [PYTHON_HEAD]
    for provider, rows in providers.items():
        name = pascal(provider)
        parts.append("\nclass %sOperations(Generic[JobT, DownloadT]):\n" % name)
        parts.append('    """The operations of %s: client.%s."""\n\n' % (name, provider))
        parts.append('    def __init__(self, client: Operates[JobT, DownloadT]) -> None:\n')
        parts.append("        self._client = client\n\n")
        parts.append("\n".join(python_method(o) for o in rows) + "\n")
    return "".join(parts).rstrip("\n") + "\n"


def go_name(words: str) -> str:
    """image_id as Go writes it: ImageID."""
    return "".join({"id": "ID", "url": "URL", "cos": "COS"}.get(w, w.capitalize()) for w in words.split("_"))


def comment(mark: str, text: str, width: int = 116) -> List[str]:
    """A comment, folded."""
    return ["%s %s\n" % (mark, line) for line in textwrap.wrap(text, width)]


def go() -> str:
    """operations.go."""
    parts = [
        "// Tests/tools/generate.py writes this file from the library's own tables.\n\npackage aigc\n\n"
        'import "encoding/json"\n\n'
        "// Value gives a pointer to a value, for the fields of a typed request that may be left out.\n"
        "func Value[T any](value T) *T { return &value }\n"
    ]
    for o in operations.operations():
        name = "".join(go_name(w) for w in (o.provider, o.name)) + "Request"
        parts.append("\n")
        what = "is a request that costs money when it is submitted" if o.kind == "submit" else "fetches one image, free of charge"
        text = "%s %s: %s." % (name, what, "a plain download" if o.wire_name == "GET" else o.wire_name)
        parts.extend(comment("//", text + " Fields that are nil or empty are not sent."))
        parts.append("type %s struct {\n" % name)
        for f in o.plain:
            parts.extend("\t" + line for line in comment("//", f.text + (" Required." if f.required else ""), 110))
            parts.append("\t%s %s\n" % (go_name(f.name), GO[f.type]))
        if o.images:
            parts.extend("\t" + line for line in comment("//", next(f.text for f in o.fields if f.type == "image_url"), 110))
            parts.append("\tImages []Image\n")
        parts.append("\t// Options say how the library treats the job, as in Request.\n\tOptions map[string]string\n}\n\n")
        parts.append("// Request gives the request for Submit or Fetch.\n")
        parts.append("func (r %s) Request() Request {\n\tfields := Fields{}\n" % name)
        for f in o.plain:
            field = "r.%s" % go_name(f.name)
            test = {"string": '%s != ""', "json": "len(%s) > 0"}.get(f.type, "%s != nil") % field
            value = field if f.type in ("string", "json") else "*" + field
            parts.append('\tif %s {\n\t\tfields["%s"] = %s\n\t}\n' % (test, f.name, value))
        images = ", Images: r.Images" if o.images else ""
        parts.append(
            '\treturn Request{Provider: "%s", Operation: "%s", Fields: fields%s, Options: r.Options}\n}\n'
            % (o.provider, o.name, images)
        )
    return "".join(parts)


def rust_field(name: str) -> str:
    """The name of a setter: words of the language are avoided."""
    return name + "_" if name in ("type", "move", "ref", "use") else name


def rust() -> str:
    """operations.rs."""
    parts = [
        "//! Typed requests, one an operation. Tests/tools/generate.py writes this file from the library's own tables.\n"
        "//! Each gives a `Request`; a field that is wrong is told by `Request`'s own error.\n\n"
        "use crate::{Request, Result};\n"
    ]
    for o in operations.operations():
        name = type_name(o)
        required = [f for f in o.plain if f.required]
        what = about(o)
        parts.append("\n/// %s Build it, then pass it to the client.\npub struct %s(Request);\n\n" % (what, name))
        parts.append("impl %s {\n" % name)
        parts.append("    /// A request with the fields that the operation needs.\n")
        arguments = ", ".join("%s: %s" % (rust_field(f.name), RUST[f.type]) for f in required)
        parts.append("    pub fn new(%s) -> Result<%s> {\n" % (arguments, name))
        mutable = "mut " if required else ""
        parts.append('        let %srequest = Request::new("%s", "%s")?;\n' % (mutable, o.provider, o.name))
        for f in required:
            parts.append('        request.set("%s", %s)?;\n' % (f.name, rust_field(f.name)))
        parts.append("        Ok(%s(request))\n    }\n" % name)
        for f in o.plain:
            if f.required:
                continue
            parts.append("\n")
            parts.extend("    " + line for line in comment("///", f.text, 110))
            setter = "set_json" if f.type == "json" else "set"
            parts.append("    pub fn %s(mut self, value: %s) -> Result<%s> {\n" % (rust_field(f.name), RUST[f.type], name))
            parts.append('        self.0.%s("%s", value)?;\n        Ok(self)\n    }\n' % (setter, f.name))
        if o.images:
            parts.append("\n")
            parts.extend("    " + line for line in comment("///", next(f.text for f in o.fields if f.type == "image_url"), 110))
            parts.append("    pub fn image(mut self, url: &str, reference_type: Option<&str>) -> Result<%s> {\n" % name)
            parts.append("        self.0.add_image(url, reference_type)?;\n        Ok(self)\n    }\n")
        parts.append("\n    /// Sets how the library treats the job, as `Request::set_option` does.\n")
        parts.append("    pub fn option(mut self, name: &str, value: &str) -> Result<%s> {\n" % name)
        parts.append("        self.0.set_option(name, value)?;\n        Ok(self)\n    }\n")
        parts.append("\n    /// The request, for `Client::submit` or `Client::fetch`.\n")
        parts.append("    pub fn request(self) -> Request {\n        self.0\n    }\n}\n")
    return "".join(parts)
