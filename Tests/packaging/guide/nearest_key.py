import contextlib
import io

with contextlib.redirect_stdout(io.StringIO()) as out:
    import block  # noqa: F401

said = out.getvalue()
assert said.startswith("AIGC_E_INVALID_ARGUMENT tencent.regoin ") and "tencent.region" in said, said
print("as the text says")
