"""Harvesters: read package metadata and binaries from the package index, write `matrix/observed/*.toml`.

    python -m scripts.harvest list                # the families
    python -m scripts.harvest torch               # harvest one family (several may be named)
    python -m scripts.harvest --all               # every family (`make matrix`)
    python -m scripts.harvest --refresh torch     # ask the index again which files there are
    python -m scripts.harvest --offline torch     # only from the cache; fails where something is missing

Everything fetched or worked out is cached under `${XDG_CACHE_HOME:-~/.cache}/gpu-compatcheck/harvest`,
so a run that was cut short goes on where it was, and a second run writes the same bytes.

To add a family, add a module `scripts/harvest/<family>.py` with

    NAME = "family"                                # what the command line calls it
    def harvest(index: Index) -> dict[str, Document]: ...

where the keys are paths under `matrix/` ("observed/family.toml"). What it works with:

- `index.Index`: `files(project)` lists its files, `metadata(file)` is the METADATA text of a wheel,
  `wheel(file)` opens a wheel where it lies (`wheel.RemoteWheel`), `remember(file, what, compute)` keeps what
  was worked out of a file (JSON values), so that no file is read twice. Change `what` ("archs/2") when
  `compute` changes.
- `builds.group(files)` joins the wheels of a release into one group per platform (`Group.row()` gives the
  common part of a `[[build]]` row), `builds.requirements(text)` picks the requirement lines that bear on the
  GPU stack.
- `binary`: NEEDED, RPATH, SONAME and glibc needs of an ELF file; `fatbin`: cubins and PTX inside it.
- `document.Document`: component, sources and rows of one file; the command line writes its canonical text.
- `progress.over(items, label)`: iterate with a progress line on stderr.

What is read from a clone or a published table, not from the index, is a command of its own that says at its head what
it needs: `conda_forge`, `flash_attn`, `gpus`, `jax_setup`, and of operators `operators` (TensorRT's parser),
`onnx_operators`, `dla_operators`, `plugin_operators`. These too write canonical text, the same from the same clone;
what `jax_setup` prints is put in order by `compatcheck matrix validate --fix`.

The date of a source is the upload day of the newest file that was read, never the day of the run.
"""
