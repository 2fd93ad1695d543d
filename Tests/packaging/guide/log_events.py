import io
import logging
import sys

sys.stderr = io.StringIO()  # the block writes its records there
records = []


class Keeps(logging.Handler):
    def emit(self, record):
        records.append(record)


logging.getLogger("aigc").addHandler(Keeps())
import block  # noqa: E402, F401

ours = [record for record in records if record.name == "aigc" or record.name.startswith("aigc.")]
assert ours and all(isinstance(record.aigc, dict) for record in ours), records
assert any(record.levelno == logging.INFO for record in ours) and not any(r.levelno < logging.INFO for r in ours)
assert "INFO:aigc:Job accepted" in sys.stderr.getvalue(), sys.stderr.getvalue()
print("as the text says")
