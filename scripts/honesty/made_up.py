"""Machines made up from the matrix: every kind of GPU, system and package, in states as people describe them.

A machine is a function of its seed. Some are of one piece, some are put together of two (what one says of its driver,
and the other of its packages), as far as a description can say it.
"""

from typing import Any

from compat import versions
from compat.matrix import Matrix
from scripts.honesty.consistent import consistent
from scripts.honesty.made_models import Chances, engine, model

Facts = dict[str, Any]

GOALS = (
    "use:gpu", "use:torch", "use:tensorflow", "use:jax", "use:vllm", "use:onnxruntime-cuda", "use:onnxruntime-tensorrt",
    "use:tensorrt", "use:torch-tensorrt", "use:tf-trt", "use:torchvision", "use:torchaudio", "use:triton", "use:cupy",
    "use:ctranslate2", "use:paddlepaddle", "use:keras", "use:tensorrt-llm", "use:flash-attn", "import:torch",
    "import:tensorflow", "import:onnxruntime", "import:torchvision", "install:torch", "install:tensorflow", "run:onnx",
    "use:bitsandbytes", "use:xformers", "use:mxnet", "use:nvidia-modelopt", "use:pyg-lib", "import:flash-attn",
    "import:jax", "import:tensorrt", "import:vllm", "install:jax", "install:onnxruntime", "install:tensorrt",
    "install:vllm", "install:bitsandbytes", "install:ctranslate2", "install:paddlepaddle", "install:xformers",
    "run:engine", "run:cuda-binary", "convert:onnx-tensorrt", "convert:tensorflow-onnx", "convert:torch-onnx",
    "build:cuda-extension", "start:container",
)  # fmt: skip
_LIBRARIES = ("cudnn", "cublas", "cudart", "tensorrt", "nccl", "nvrtc", "nvjitlink", "cufft", "cusparse", "ptxas")
_SONAMES = (
    "libcudnn.so.8", "libcudnn.so.9", "libcudnn_ops.so.9", "libcublasLt.so.11", "libcublas.so.12", "libcublasLt.so.13",
    "libcudart.so.12", "libcudart.so.11.0", "libcusparse.so.12", "libnvinfer.so.8", "libnvinfer.so.10",
    "libnvonnxparser.so.10", "libcuda.so.1",
)  # fmt: skip
_PARTS = {  # which write the same files as another CUDA major's, in some releases
    "nvidia-cudnn-cu11": ("8.5.0.96", "8.9.6.50", "9.10.2.21"),
    "nvidia-nccl-cu11": ("2.14.3", "2.21.5"),
    "nvidia-nccl-cu13": ("2.27.7", "2.29.7"),
    "nvidia-cusparselt-cu12": ("0.6.3", "0.7.1"),
    "nvidia-cusparselt-cu13": ("0.8.0", "0.9.1"),
    "nvidia-cusolver-cu11": ("11.4.1.48",),
    "nvidia-cusolver-cu12": ("11.6.1.9", "11.7.3.90"),
    "cutensor-cu12": ("1.7.0", "2.3.1"),
    "cutensor-cu13": ("2.4.1",),
}
_JETSON = ("Xavier NX", "AGX Xavier", "Jetson Nano", "TX2", "AGX Orin", "Orin Nano", "Orin NX", "AGX Thor")
_MIG = ("1g.10gb", "3g.40gb", "7g.80gb", "enabled", False)


class MadeUp(Chances):
    """Machines of one seed."""

    def __init__(self, seed: int, matrix: Matrix) -> None:
        super().__init__(seed)
        self.matrix = matrix
        rows = matrix.rows("gpu", "gpu")  # most of which no driver of now has
        self.gpus = [row["name"] for row in rows if self.often(0.3) or not row["capability"].startswith(("2.", "3."))]
        self.branches = matrix.drivers.branches
        self.cudas = [row["version"] for row in matrix.cuda.toolkits]
        self.components = sorted(matrix.index["packages"])

    def machine(self) -> tuple[str, Facts]:
        """A goal and a machine."""
        goal = self.random.choice(GOALS)
        facts = self._one(goal)
        if self.random.random() < 0.25:  # parts of another one in their place
            other = self._one(goal)
            for name in self.random.sample(sorted(other), min(len(other), 3)):
                facts[name] = other[name]
        return goal, consistent(facts, self.matrix)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _one(self, goal: str) -> Facts:
        kind = self.random.choices(("linux", "docker", "windows", "wsl2", "jetson", "wsl1"), (9, 4, 3, 2, 3, 0.3))[0]
        facts = self._system(kind)
        facts |= self._driver(kind)
        facts |= self._software(goal, kind)
        if goal in ("run:onnx", "convert:onnx-tensorrt", "use:tensorrt", "use:torch", "use:triton") or self.often(0.05):
            facts["model"] = model(self)
        if goal == "run:engine":
            facts["engine"] = engine(self, self.gpus)
        if goal.startswith("install:"):
            facts["request"] = self._request(goal.partition(":")[2])
        return facts

    def _system(self, kind: str) -> Facts:
        system = "windows" if kind == "windows" else "linux"
        arch = "aarch64" if kind == "jetson" or self.often(0.05) else "x86_64"
        facts = self.some(
            {
                "os": (0.85, lambda: system),
                "arch": (0.8, lambda: arch),
                "distribution": (0.4, lambda: "windows" if system == "windows" else "ubuntu"),
                "python": (0.6, lambda: self.one("3.6.9", "3.8.10", "3.10.12", "3.11", "3.12.3", "3.13.1", "3.14.0")),
            }
        )
        if system == "linux":
            facts |= self.some(
                {
                    "glibc": (0.3, lambda: self.one("2.17", "2.27", "2.31", "2.35", "2.39")),
                    "glibcxx": (0.15, lambda: self.one("3.4.21", "3.4.28", "3.4.30", "3.4.33")),
                }
            )
            marks = {"docker": ["docker"], "wsl2": ["wsl2"], "wsl1": ["wsl1"], "jetson": ["jetson"]}.get(kind, [])
            if self.often(0.6) or kind in ("wsl1", "wsl2"):
                facts["environment"] = [*marks, *(["conda"] if self.often(0.2) else [])]
        if kind == "jetson":
            facts["jetson"] = self.some({"module": (0.8, lambda: self.one(*_JETSON)), **self._jetpack()})
        else:
            facts |= self.some({"gpus": (0.85, lambda: self._gpus(goal_many=self.often(0.25)))})
        return facts

    def _jetpack(self) -> dict[str, tuple[float, Any]]:
        row = self.random.choice(self.matrix.rows("jetpack", "jetpack"))
        return {"jetpack": (0.6, lambda: row["jetpack"]), "l4t": (0.5, lambda: row["l4t"])}

    def _gpus(self, goal_many: bool) -> list[Facts]:
        if self.often(0.03):
            return []
        count = self.one(2, 2, 3, 8) if goal_many else 1
        same = self.often(0.6)
        names = [self.random.choice(self.gpus)] * count if same else self.random.choices(self.gpus, k=count)
        found = []
        for name in names:
            row = self.matrix.gpus.find(name)
            gpu: Facts = {"name": name if self.often(0.95) else "Unheard Of 1"}
            if row is not None and gpu["name"] == name and self.often(0.5):
                gpu["compute_capability"] = row["capability"]
            if row is not None and row["class"] == "datacenter" and self.often(0.2):
                gpu["mig"] = self.one(*_MIG)
            if count > 1 and self.often(0.15):
                gpu["visible"] = self.often()
            found.append(gpu)
        return found

    def _release(self, branch: Facts, system: str = "linux") -> str:
        known = [branch[name] for name in (f"latest_{system}", f"first_{system}") if name in branch]
        return str(self.random.choice(known)) if known and self.often(0.8) else str(branch["branch"])

    def _driver(self, kind: str) -> Facts:
        system = "windows" if kind in ("windows", "wsl2") else "linux"
        row = self.random.choice(self.branches) if self.often(0.95) else {"branch": "999", "cuda": "99.0"}
        release = self._release(row, system)
        driver = self.some(
            {
                "version": (0.8, lambda: release),
                "cuda": (0.3, lambda: row.get("cuda", "13.0")),
                "kernel_module_version": (0.25, lambda: release if self.often(0.85) else self._release(row)),
                "kernel_module": (
                    0.25,
                    lambda: self.one("open", "open", "proprietary", "proprietary", "nouveau", "nova_core"),
                ),
                "kernel_module_loaded": (0.3, lambda: self.often(0.8)),
                "nvidia_smi_version": (0.1, lambda: release),
            }
        )
        facts: Facts = {"driver": driver} if driver and self.often(0.85) else {}
        if system == "linux" and kind != "jetson":
            facts |= self._kernel(release, driver)
        if kind == "wsl2":
            facts.pop("device_nodes", None)
        return facts

    def _kernel(self, release: str, driver: Facts) -> Facts:
        facts: Facts = {}
        if self.often(0.12):
            facts["secure_boot"] = self.often()
            driver |= self.some(
                {"kernel_module_signed": (0.6, lambda: self.often()), "signer_enrolled": (0.5, lambda: self.often())}
            )
        if self.often(0.1):
            facts["nvswitch"] = self.often()
            facts["fabric_manager"] = self.some(
                {
                    "installed": (0.6, lambda: self.often()),
                    "running": (0.6, lambda: self.often()),
                    "version": (0.4, lambda: release if self.often() else "535.54.03"),
                }
            )
        if self.often(0.2):
            nodes = ["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-modeset"]
            facts["device_nodes"] = nodes if self.often() else self.random.sample(nodes, self.random.randrange(4))
        if self.often(0.25):
            facts["libcuda"] = self._libcuda(release)
        if self.often(0.1):
            facts["loader_configuration"] = self.one("988_cuda-12.conf", "00-cuda-compat.conf")
        if self.often(0.15):
            facts["container"] = self._container()
        return facts

    def _libcuda(self, release: str) -> Facts:
        compat = self.often(0.4)
        other = self._release(self.random.choice(self.branches))
        return self.some(
            {
                "version": (0.7, lambda: other if compat else release),
                "compat": (0.8, lambda: compat),
                "path": (0.4, lambda: self.one("/usr/local/cuda/compat/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1")),
                "stub": (0.2, lambda: self.often(0.2)),
                "compat_drivers": (0.2, lambda: self.random.sample(["470", "525", "535", "550", "570", "580"], 3)),
            }
        )

    def _container(self) -> Facts:
        row = self.random.choice(self.matrix.rows("container", "container"))
        return self.some(
            {
                "image": (0.5, lambda: f"nvcr.io/nvidia/{row['image']}:{row['tag']}-py3"),
                "gpu_access": (0.5, lambda: self.often(0.85)),
                "toolkit_installed": (0.3, lambda: self.often(0.85)),
                "driver_capabilities": (0.3, lambda: self.one("compute,utility", "all", "utility")),
                "requires": (
                    0.3,
                    lambda: self.one(
                        "cuda>=12.6",
                        "cuda>=11.8 brand=tesla,driver>=450,driver<451",
                        "cuda>=13.0 driver>=535,arch>=7.5",
                    ),
                ),
            }
        )

    def _version(self, component: str) -> str | None:
        """A release of a package: mostly a recent one, at times its line, its CUDA variant, or unknown."""
        names = [name for name in self.matrix.packages.distributions(component) if self.matrix.packages.builds(name)]
        known = self.matrix.packages.versions(names[0]) if names else []
        if not known or self.often(0.08):
            return None if self.often() else "1.2.3"
        version = self.random.choice(known[-25:] if self.often() else known)
        rows = self.matrix.packages.builds(names[0])[version]
        local = self.random.choice(rows).get("local", "")
        if local and self.often(0.4):
            return f"{version}+{local}"
        return versions.major_minor(version) if self.often(0.1) else str(version)

    def _software(self, goal: str, kind: str) -> Facts:
        from compat import goals

        wanted = list(goals.parse(goal).subjects) if self.often(0.95) else []
        wanted += self.random.sample(self.components, self.random.choice((0, 0, 1, 2, 4)))
        packages: dict[str, Any] = {}
        for component in dict.fromkeys(wanted):
            names = self.matrix.packages.distributions(component)
            name = self.random.choice(names) if self.often(0.3) else names[-1 if goal.endswith("-cuda") else 0]
            packages[name] = False if self.often(0.04) else self._version(component)
        if "jax" in wanted or "jaxlib" in wanted:
            packages |= self._plugins(packages)
        packages |= self.some(
            {
                "numpy": (0.3, lambda: self.one("1.26.4", "1.21.6", "2.1.0", "2.3.1")),
                "protobuf": (0.15, lambda: self.one("3.20.3", "4.25.0", "6.31.1")),
                "nvidia-cudnn-cu12": (0.2, lambda: self.one("8.9.7.29", "9.1.0.70", "9.10.2.21")),
                "nvidia-cudnn-cu13": (0.1, lambda: "9.13.0.50"),
                **{name: (0.06, lambda name=name: self.one(*_PARTS[name])) for name in _PARTS},
                "nvidia-cublas-cu12": (0.15, lambda: self.one("12.1.3.1", "12.4.2.65", "12.8.4.1")),
                "nvidia-nccl-cu12": (0.1, lambda: "2.27.3"),
                "cudatoolkit": (0.08, lambda: self.one("10.1", "11.3", "11.8")),
                "keras": (0.08, lambda: self.one("2.15.0", "3.4.0")),
            }
        )
        facts: Facts = {"packages": packages} if self.often(0.95) else {}
        return facts | self._around(packages, kind)

    def _plugins(self, packages: dict[str, Any]) -> dict[str, Any]:
        version = next((one for one in packages.values() if one), None)
        major = self.one("12", "13")
        return self.some(
            {f"jax-cuda{major}-plugin": (0.5, lambda: version), f"jax-cuda{major}-pjrt": (0.3, lambda: version)}
        )

    def _around(self, packages: dict[str, Any], kind: str) -> Facts:
        """What lies around the packages: builds, toolkits, copies of libraries, what is known of their files."""
        facts: Facts = {}
        frameworks = [name for name, one in packages.items() if not name.startswith("nvidia-") and one is not False]
        if frameworks and self.often(0.3):
            name = self.random.choice(frameworks)
            facts["builds"] = {name: self._published(name, packages[name]) if self.often(0.8) else self._build()}
        if self.often(0.45):
            kits = [{"version": self._cuda(), "origin": "container" if kind == "docker" else "system"}]
            if self.often(0.2):
                kits.append({"version": self._cuda(), "origin": "system", "path": "/usr/local/cuda-x"})
            facts["toolkits"] = kits if self.often(0.93) else []
        if self.often(0.45):
            facts["libraries"] = [self._library() for _ in range(self.random.randrange(5))]
        if self.often(0.12):
            facts["missing_libraries"] = self.random.sample(_SONAMES, self.one(0, 1, 1, 2))
        if packages and self.often(0.06):
            facts["duplicates"] = [{"name": self.random.choice(list(packages)), "version": "1.2.0", "origin": "pip"}]
        if packages and self.often(0.1):
            facts["damaged"] = [self._damage(packages)] if self.often(0.6) else []
        if self.often(0.2):
            facts["variables"] = self.some(
                {
                    "LD_LIBRARY_PATH": (0.6, lambda: self.one("/opt/lib", "/usr/local/cuda/compat:/x", "/env/lib")),
                    "CUDA_VISIBLE_DEVICES": (
                        0.4,
                        lambda: self.one("0", "0,1", "", "-1", "5", "GPU-8932f937", "MIG-41b36412"),
                    ),
                    "CUDA_HOME": (0.3, lambda: "/usr/local/cuda-x"),
                    "JAX_PLATFORMS": (0.1, lambda: self.one("cpu", "cuda")),
                    "CUDA_DEVICE_ORDER": (0.1, lambda: "PCI_BUS_ID"),
                }
            )
        return facts

    def _cuda(self) -> str:
        cuda = self.random.choice(self.cudas[-40:] if self.often() else self.cudas)
        return versions.major_minor(cuda) if self.often() else str(cuda)

    def _published(self, name: str, version: Any) -> Facts:
        """What one of the published builds is."""
        rows = self.matrix.packages.builds(name).get(str(version).partition("+")[0], [])
        if not rows:
            return {}
        row = self.random.choice(rows)
        code = [f"sm_{one.replace('.', '')}" for one in row.get("sass", ())]
        code += [f"compute_{one.replace('.', '')}" for one in row.get("ptx", ())]
        return self.some(
            {
                **{one: (0.6, lambda one=one: row[one]) for one in ("cuda", "cudnn", "tensorrt") if one in row},
                **({"architectures": (0.5, lambda: code)} if "sass" in row and "ptx" in row else {}),
                "source": (0.2, lambda: row["index"]),
            }
        )

    def _build(self) -> Facts:
        targets = ["sm_50", "sm_61", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90", "sm_90a", "sm_100", "sm_120"]
        first = self.random.randrange(len(targets) - 2)
        listed = targets[first : first + self.one(2, 4, 6)]
        return self.some(
            {
                "cuda": (0.6, lambda: False if self.often(0.1) else self._cuda()),
                "cudnn": (0.25, lambda: self.one("8.5.0", "8.9.2", "9.1.0", "9.10.2")),
                "tensorrt": (0.1, lambda: self.one("7.2.2", "8.6.1", "10.3")),
                "architectures": (0.3, lambda: [*listed, *(["compute_90"] if self.often(0.3) else [])]),
                "python_tag": (0.1, lambda: self.one("cp38", "cp310", "cp312")),
                "source": (0.3, lambda: self.one("pypi", "pytorch", "conda-forge", "jetson")),
                "missing": (0.1, lambda: self.random.sample(_SONAMES, self.one(0, 1))),
            }
        )

    def _library(self) -> Facts:
        name = self.random.choice(_LIBRARIES)
        version = {
            "cudnn": self.one("7.6.5", "8.2.1", "8.9.7", "9.1.0", "9.10.2", "9"),
            "tensorrt": self.one("7.1.3", "8.2.5", "8.6.1", "10.3.0", "10.13", "11.0.1"),
            "nccl": "2.27.3",
        }.get(name) or self.one("11.8.89", "12.2.5", "12.4.5", "12.8.1", "13.0.2")
        return {
            "name": name,
            **self.some(
                {
                    "version": (0.93, lambda: version),
                    "origin": (0.8, lambda: self.one("system", "pip", "conda", "bundled", "container")),
                    "path": (0.3, lambda: self.one("/opt/lib", "/env/lib", "/usr/lib/x86_64-linux-gnu")),
                    "loaded": (0.25, lambda: self.often()),
                    "loaded_by": (0.1, lambda: [self.one("torch", "jax", "tensorflow", "onnxruntime")]),
                }
            ),
        }

    def _damage(self, packages: dict[str, Any]) -> Facts:
        problem = self.one("missing", "empty", "truncated", "overwritten")
        file, package = self.one(
            ("nvidia/cudnn/lib/libcudnn.so.9", "nvidia-cudnn-cu12"),
            ("torch/lib/libtorch_cuda.so", "torch"),
            ("nvidia/cublas/lib/libcublas.so.12", "nvidia-cublas-cu12"),
            ("readme.txt", self.random.choice(list(packages))),
        )
        by = {"by": "nvidia-cudnn-cu13"} if problem == "overwritten" else {}
        return {"package": package, "path": file, "problem": problem, **by}

    def _request(self, component: str) -> Facts:
        names = [*self.matrix.packages.distributions(component)]
        names += {"jax": ["jax[cuda12]", "jax[cuda13]"], "tensorflow": ["tensorflow[and-cuda]"]}.get(component, [])
        version = self._version(component)
        spec = f"=={version}" if version and self.often() else self.one("*", ">=2.0", "<2.12")
        return {self.random.choice(names) if self.often(0.3) else names[0]: spec}
