"""Files that are written in one piece: whoever reads one sees the old text or the new one, never half of it."""

import os


def write_whole(path: str, text: str, durable: bool = True) -> None:
    """Write the text beside the file and move it there; a file that is replaced keeps its mode. Raises OSError.

    ``durable``: it is on the disk before it takes its place, so that a power cut leaves no empty file.
    """
    half = f"{path}.{os.urandom(4).hex()}.part"
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(descriptor)
        if os.path.exists(path):
            os.chmod(half, os.stat(path).st_mode & 0o777)
        os.replace(half, path)
    except BaseException:
        os.unlink(half)
        raise
