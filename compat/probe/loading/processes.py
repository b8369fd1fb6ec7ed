"""What each framework's process does to get its libraries: the steps that a loader then takes.

What a package does before and beside the loader is written here; where its own Python files hold the list (torch's and
JAX's preloads), the list is read from them as text, so that it is the installed release's. A process is that of the
package alone: what another package has loaded before it in the same process is not assumed.

Sources: torch/__init__.py (_load_global_deps, _preload_cuda_deps), jax_plugins/xla_cuda*/__init__.py, tsl's
dso_loader.cc (names that TensorFlow and XLA open), onnxruntime/__init__.py, the DT_NEEDED entries of the wheels, and
for cuDNN's parts the measurement in DESIGN, decision 6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from compat.machine import Build
from compat.probe import libnames
from compat.probe.host import Host, Unreadable
from compat.probe.layers.distributions import Distribution
from compat.probe.layers.python import Interpreter
from compat.probe.loading import cudnnparts
from compat.probe.loading.loader import NOT_FOUND, Failed, Loaded, Process, Resolution, Step
from compat.records import dataclass, field

SONAMES: dict[str, tuple[str, ...]] = {
    "10.0": (
        "cudart.so.10.0",
        "cublas.so.10.0",
        "cufft.so.10.0",
        "curand.so.10.0",
        "cusolver.so.10.0",
        "cusparse.so.10.0",
    ),
    "10": ("cublas.so.10", "cufft.so.10", "cusolver.so.10", "cusparse.so.10"),
    "11": ("cudart.so.11.0", "cublas.so.11", "cublasLt.so.11", "cufft.so.10", "cusolver.so.11", "cusparse.so.11"),
    "12": ("cudart.so.12", "cublas.so.12", "cublasLt.so.12", "cufft.so.11", "cusolver.so.11", "cusparse.so.12"),
    "13": ("cudart.so.13", "cublas.so.13", "cublasLt.so.13", "cufft.so.12", "cusolver.so.12", "cusparse.so.12"),
}
"""What TensorFlow and XLA open by name, after ``lib``, by the CUDA they were built with (CUDA release notes)."""

CTRANSLATE2_CUBLAS = {"3": "libcublas.so.11", "4": "libcublas.so.12"}
"""What CTranslate2 opens, by its major: the names in the libctranslate2 of the wheels of 3.24.0 and 4.8.5."""

DRIVERS_OWN = ("libcuda.so", "libnvidia-", "libnvcuvid", "libnvoptix")
"""What comes with the driver; the driver's layer speaks of it."""

_TEXT_LIMIT = 1 << 20
# ("cublas", "libcublas.so.*[0-9]") or 'cublas': 'libcublas.so.*[0-9]' or (1.13) 'cublas', 'lib', 'libcublas.so.11'
_PAIR = r"""["'](\w+)["']\s*[,:]\s*(?:["']lib["']\s*,\s*)?["'](lib[\w-]+)\.so\."""
_TORCH_PRELOAD = re.compile(_PAIR)
_TORCH_CALL = re.compile(r"_preload_cuda_deps\(\s*" + _PAIR)
_JAX_PRELOAD = re.compile(r"""^\s*_load\(\s*["'](\w+)["']\s*,\s*\[([^\]]*)\]""", re.MULTILINE)


@dataclass(slots=True)
class View:
    """What a recipe works with: one distribution and the process that it fills."""

    host: Host
    python: Interpreter
    distribution: Distribution
    build: Build
    process: Process
    releases: Mapping[str, str] = field(default_factory=dict)  # folder -> the release of the cuDNN in it
    missing: dict[str, str] = field(default_factory=dict)  # soname -> the object that asks for it
    optional: dict[str, str] = field(default_factory=dict)  # likewise, for a part that the package works without

    @property
    def folder(self) -> str:
        return self.distribution.folder

    def text(self, path: str) -> str:
        found = self.host.read_text(f"{self.folder}/{path}", _TEXT_LIMIT)
        return "" if isinstance(found, Unreadable) else found

    def metadata(self) -> str:
        found = self.host.read_text(f"{self.distribution.info}/METADATA", _TEXT_LIMIT)
        return "" if isinstance(found, Unreadable) else found

    def named(self, folder: str, pattern: str) -> list[str]:
        """Paths in a folder below the distribution's whose file name fits a pattern, sorted."""
        base = f"{self.folder}/{folder}"
        return [f"{base}/{name}" for name in self.host.listdir(base) if re.fullmatch(pattern, name)]

    def load(self, path: str) -> bool:
        """Open an object by its path; what it needs and does not get is noted as missing."""
        before = len(self.process.failures)
        done = self.process.do(Step("load", path=path)) is not None
        for failure in self.process.failures[before:]:
            self.note(failure.resolution.name, failure.needed_by or path, failure.resolution.why)
        return done

    def open(self, name: str, by: str) -> bool:
        """dlopen a library by its name on behalf of a loaded object; its absence is noted as missing."""
        before = len(self.process.failures)
        done = self.process.do(Step("dlopen", name=name, by=by)) is not None
        for failure in self.process.failures[before:]:
            self.note(failure.resolution.name, failure.needed_by or by, failure.resolution.why)
        return done

    def try_load(self, path: str) -> bool:
        return self.process.do(Step("preload", path=path)) is not None

    def note(self, soname: str, by: str, why: str) -> None:
        if why == NOT_FOUND and ".so" in soname and "/" not in soname and not soname.startswith(DRIVERS_OWN):
            self.missing.setdefault(soname, by)

    def cudnn_parts(self, used: bool = True) -> None:
        """What the cuDNN in the process opens by itself; with `used` what its first use needs is missing if absent."""
        found = cudnnparts.shim_of(self.process)
        if found is None:
            return
        shim, major = found
        for part in libnames.CUDNN_PARTS:
            opener = cudnnparts.opener_of(self.process, part, shim)
            self._cudnn_part(part, major, opener, used and part in cudnnparts.REQUIRED and major >= 9)

    def _cudnn_part(self, part: str, major: int, opener: Loaded, required: bool) -> None:
        name = f"libcudnn_{part}.so.{major}"
        why = cudnnparts.opened(self.process, part, major, opener, self.releases)
        if why and required:
            step = Step("dlopen", name=name, by=opener.path)
            self.process.failures.append(Failed(step, opener.path, Resolution(name, None, why)))
            self.missing.setdefault(name, opener.path)
        elif not why and (required or self.process.resolve(name, opener).path):
            self.open(name, opener.path)


def _torch(view: View) -> None:
    """torch: global dependencies, its preloads from ``nvidia/*/lib``, then its extension module; nvrtc on demand."""
    text = view.text("torch/__init__.py")
    global_deps = f"{view.folder}/torch/lib/libtorch_global_deps.so"
    if view.host.exists(global_deps):
        listed = _TORCH_PRELOAD.findall(_TORCH_CALL.sub("", text))
        if view.try_load(global_deps):
            _torch_workaround(view, text, listed)
        else:
            _torch_preloads(view, listed, strict=True)
            view.load(global_deps)
    for path in view.named("torch", r"_C\..*\.so|_C\.so") or [f"{view.folder}/torch/lib/libtorch_python.so"]:
        view.load(path)
    # Opened from torch's own folder when first used: the run-time compiler, linear algebra on a GPU (since 1.13).
    for path in view.named("torch/lib", r"libcaffe2_nvrtc\.so|libtorch_cuda_linalg\.so"):
        view.load(path)
    view.cudnn_parts()


def _torch_workaround(view: View, text: str, listed: list[tuple[str, str]]) -> None:
    """What torch preloads although its global dependencies loaded (since 2.5): nothing, two or three libraries, or all.

    It does so where cudart is in the process by then, and in some releases only where that is the pip package's.
    """
    branch = text.partition("ctypes.CDLL(global_deps_lib_path")[2].partition("except OSError as err")[0]
    of_pip = "nvidia/cuda_runtime/lib/libcudart.so"
    condition = of_pip if of_pip in branch else "libcudart.so"
    if not any(condition in loaded.path for loaded in view.process.objects):
        return
    if re.search(r"_preload_cuda_deps\(\s*(?:required=False\s*)?\)", branch):
        _torch_preloads(view, listed, strict="required=False" not in branch)
    else:
        _torch_preloads(view, _TORCH_CALL.findall(branch), strict=True)


def _torch_preloads(view: View, listed: list[tuple[str, str]], strict: bool) -> None:
    """Preload each library from the first folder of the import path that has it; a `strict` torch ends at a lack."""
    major = view.build.cuda.partition(".")[0] if isinstance(view.build.cuda, str) else ""
    for folder, stem in listed:
        path = _first(view, (f"nvidia/{folder}/lib", f"nvidia/cu{major}/lib", f"{folder}/lib"), stem)
        if path is not None:
            view.try_load(path)
        elif strict and stem != "libnvToolsExt":
            return


def _first(view: View, folders: tuple[str, ...], stem: str) -> str | None:
    pattern = re.compile(re.escape(stem) + r"\.so\..*[0-9]")
    for site in view.python.path:
        for folder in folders:
            for name in view.host.listdir(f"{site}/{folder}"):
                if pattern.fullmatch(name):
                    return f"{site}/{folder}/{name}"
    return None


def _jax(view: View) -> None:
    """A JAX plugin: its preloads from the first ``nvidia.*`` package, the plugin, and what XLA then opens by name."""
    major = view.distribution.name.removeprefix("jax-cuda").partition("-")[0]
    module = f"jax_plugins/xla_cuda{major}"
    _jax_modules(view, major)
    for folder, files in _JAX_PRELOAD.findall(view.text(f"{module}/__init__.py")):
        site = next((s for s in view.python.path if view.host.is_dir(f"{s}/nvidia/{folder}")), None)
        for file in re.findall(r"""["'](lib[\w.-]+)["']""", files) if site else ():
            view.try_load(f"{site}/nvidia/{folder}/lib/{file}")
    plugin = f"{view.folder}/{module}/xla_cuda_plugin.so"
    if view.load(plugin):
        required = re.search(rf"nvidia-cudnn-cu{major}\b[^\n;]*?>=\s*(\d+)", view.metadata())
        _open_cuda(view, major, [plugin], required[1] if required else None)
        cupti = f"libcupti.so.{major}"  # XLA's profiler; nobody minds its absence
        if view.process.resolve(cupti, view.process.find(plugin)).path:
            view.open(cupti, plugin)
        view.cudnn_parts()


def _jax_modules(view: View, major: str) -> None:
    """The plugin's modules register GPU code as `import jax` loads them, so they open cudart before the preloads do.

    Measured with JAX 0.11.2; all have one RUNPATH, so one of them stands for the ten.
    """
    cudart = next((f"lib{name}" for name in SONAMES.get(major, ()) if name.startswith("cudart")), "")
    for path in view.named(f"jax_cuda{major}_plugin", r"_prng(?:\..*)?\.so"):
        if cudart and view.try_load(path) and view.process.resolve(cudart, view.process.find(path)).path:
            view.open(cudart, path)


def _open_cuda(view: View, cuda: str, by: list[str], cudnn: str | None) -> None:
    """The libraries that TensorFlow and XLA open by name when a GPU is first used.

    Which object of several opens one differs by release: missing is only what none of them would find.
    """
    release = ".".join(cuda.split(".")[:2])
    names = [f"lib{name}" for name in SONAMES.get(release) or SONAMES.get(cuda.partition(".")[0]) or ()]
    if cudnn:
        names.append(f"libcudnn.so.{cudnn.partition('.')[0]}")
    for name in names:
        finders = (path for path in by if view.process.resolve(name, view.process.find(path)).path)
        view.open(name, next(finders, by[0]))


def _tensorflow(view: View) -> None:
    """TensorFlow: its extension module, then by name whatever CUDA and cuDNN it was built with."""
    if not isinstance(view.build.cuda, str):
        return
    python = "tensorflow/python"
    for path in view.named(python, r"_pywrap_tensorflow_(?:internal|common)\.so|lib_pywrap_tensorflow_common\.so"):
        view.load(path)
    own = [o.path for o in view.process.objects if re.search(r"/lib_?tensorflow_|_pywrap_tensorflow", o.path)]
    if own:
        own.sort(key=lambda path: "libtensorflow_framework.so" not in path)  # it has tsl's loader
        _open_cuda(view, view.build.cuda, own, view.build.cudnn)
        view.cudnn_parts()


def _onnxruntime(view: View) -> None:
    """ONNX Runtime opens its providers by path; they find CUDA as the loader does, unless something preloaded it."""
    capi = "onnxruntime/capi"
    for path in view.named(capi, r"onnxruntime_pybind11_state.*\.so|libonnxruntime_providers_shared\.so"):
        view.load(path)
    for path in view.named(capi, r"libonnxruntime_providers_cuda\.so"):
        view.load(path)
    of_cuda = dict(view.missing)
    _onnxruntime_on_demand(view)
    for path in view.named(capi, r"libonnxruntime_providers_tensorrt\.so"):
        view.load(path)
    # What the TensorRT provider misses beside TensorRT itself keeps nobody from the CUDA provider.
    view.optional = {name: by for name, by in view.missing.items() if name not in of_cuda}
    view.missing = {**of_cuda, **{name: by for name, by in view.optional.items() if name.startswith("libnv")}}
    view.cudnn_parts()


def _onnxruntime_on_demand(view: View) -> None:
    """From 1.28 the CUDA provider is not linked to cuDNN and cuFFT: it opens them when an operator first asks for one.

    Without them only the operators that have no other kernel fail. Source: cudnn_loader.cc and cufft_loader.cc below
    onnxruntime/core/providers/cuda, pull requests 29252 and 29808; measured with 1.31.1 on an H200.
    """
    provider = next((o for o in view.process.objects if o.path.endswith("/libonnxruntime_providers_cuda.so")), None)
    linked = provider.elf.needed if provider else ()
    major = next((name.rpartition(".")[2] for name in linked if name.startswith("libcudart.so.")), "")
    if provider is None or major not in SONAMES or any(name.startswith("libcudnn") for name in linked):
        return
    for names in (("libcudnn.so.9", "libcudnn.so"), *((f"lib{n}",) for n in SONAMES[major] if n.startswith("cufft"))):
        found = next((name for name in names if view.process.resolve(name, provider).path), names[0])
        view.open(found, provider.path)


def _tensorrt(view: View) -> None:
    """TensorRT's bindings, after the libraries that ``tensorrt_libs`` opens by path."""
    _tensorrt_libraries(view)
    for module in ("tensorrt_bindings", "tensorrt"):
        for path in view.named(module, r"tensorrt(?:\..*)?\.so"):
            view.load(path)


def _tensorrt_libraries(view: View) -> None:
    for path in view.named("tensorrt_libs", r"libnv(?:infer|infer_plugin|onnxparser)\.so\.\d+"):
        view.try_load(path)


def _torch_tensorrt(view: View) -> None:
    """Torch-TensorRT: torch's process, TensorRT's libraries, then its own."""
    _torch(view)
    _tensorrt_libraries(view)
    for path in view.named("torch_tensorrt/lib", r"libtorchtrt\.so"):
        view.load(path)


def _ctranslate2(view: View) -> None:
    """CTranslate2: its extension, then cuBLAS by name. Older wheels carry the shim of cuDNN, but not its parts."""
    for path in view.named("ctranslate2", r"_ext\..*\.so"):
        view.load(path)
    own = next((o.path for o in view.process.objects if "/libctranslate2" in o.path), None)
    cublas = CTRANSLATE2_CUBLAS.get((view.distribution.version or "").partition(".")[0])
    if own and cublas:
        view.open(cublas, own)
    view.cudnn_parts(used=False)


RECIPES: dict[str, Callable[[View], None]] = {
    "torch": _torch,
    "tensorflow": _tensorflow,
    "tensorflow-gpu": _tensorflow,
    "tf-nightly": _tensorflow,
    "jax-cuda12-plugin": _jax,
    "jax-cuda13-plugin": _jax,
    "onnxruntime-gpu": _onnxruntime,
    "tensorrt": _tensorrt,
    "torch-tensorrt": _torch_tensorrt,
    "ctranslate2": _ctranslate2,
}
"""Distribution to what its process does."""
