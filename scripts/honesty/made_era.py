"""Machines of one piece and one time: a conda environment, an image of NVIDIA's, a Jetson, WSL, Windows, a server.

What lies on them goes together as it was published (an image's libraries, a JetPack's, what a wheel pins); some of it
is then told and some not. Every goal that there is gets asked.
"""

from typing import Any

from compat import goals, versions
from compat.capability import parse as parse_capability
from compat.matrix import Matrix, Row
from scripts.honesty.consistent import consistent
from scripts.honesty.made_up import MadeUp

Facts = dict[str, Any]

_VERBS = ("use", "use", "import", "install")
_MASKED = ("packages", "builds", "request", "environment")  # are told or not as a whole or by item, not by lot


class OfAnEra(MadeUp):
    """Machines of one seed."""

    def __init__(self, seed: int, matrix: Matrix) -> None:
        super().__init__(seed, matrix)
        about = [f"{verb}:{component}" for verb in _VERBS for component in self.components]
        self.goals = [*about, *(goal for goal in goals.SUBJECTS for _ in range(4))]
        self.images = [row for row in matrix.rows("container", "container") if "cuda" in row]
        self.glibc = {
            row["version"]: row["glibc"] for row in matrix.rows("distribution", "distribution") if "glibc" in row
        }
        self.jetpacks = matrix.rows("jetpack", "jetpack")

    def machine(self) -> tuple[str, Facts]:
        """A goal and a machine."""
        goal = self.random.choice(self.goals)
        kind = self.one(self._conda, self._image, self._jetson, self._wsl, self._windows, self._server, self._server)
        facts: Facts = kind()
        packages = self._pip(goal) | facts.pop("packages", {})
        if packages and self.often(0.95):
            facts["packages"] = {name: None if one and self.often(0.05) else one for name, one in packages.items()}
        if goal.startswith("install:"):
            facts["request"] = self._request(goal.partition(":")[2])
        if self.often(0.2) and packages:
            name = self.random.choice(list(packages))
            facts["builds"] = {name: self._published(name, packages[name])}
        if goal == "run:engine" or self.often(0.03):
            facts["engine"] = self._own_engine()
        told = self.one(0.6, 0.8, 1)
        kept = {name: one for name, one in facts.items() if name in _MASKED or self.often(told)}
        return goal, consistent(kept, self.matrix)

    # -- what is installed --------------------------------------------------------------------------------------------

    def _pip(self, goal: str) -> Facts:
        """A release of each package of the goal, and what its metadata pins."""
        packages: Facts = {}
        for component in goals.parse(goal).subjects:
            version = self._version(component)
            names = self.matrix.packages.distributions(component)
            packages.setdefault(self.random.choice(names) if self.often(0.2) else names[0], version)
            rows = self.matrix.packages.builds(names[0]).get(str(version).partition("+")[0], [])
            for name, spec, marker in self.matrix.packages.pins(self.random.choice(rows)) if rows else ():
                if spec.startswith("==") and "*" not in spec and "extra" not in marker:
                    packages.setdefault(name, spec[2:])
        return packages

    def _own_engine(self) -> Facts:
        gpu = self.matrix.gpus.find(self.random.choice(self.gpus)) or {"capability": "8.6"}
        return self.some(
            {
                "tensorrt": (0.9, lambda: self.one("8.5.3", "8.6.1", "10.0.1", "10.3.0", "10.13.2")),
                "compute_capability": (0.9, lambda: gpu["capability"]),
                "version_compatible": (0.5, lambda: self.often(0.3)),
                "hardware_compatible": (0.5, lambda: self.often(0.3)),
            }
        )

    # -- kinds of machines --------------------------------------------------------------------------------------------

    def _gpu_of(self, release: str, *classes: str) -> list[Facts]:
        """Mostly some that the driver has: of 890 names most are of generations that no branch of now serves."""
        rows = [row for row in self.matrix.rows("gpu", "gpu") if row["class"] in classes]
        if self.often(0.8):
            rows = [row for row in rows if self._has(release, row["capability"])] or rows
        return [{"name": self.random.choice(rows)["name"]} for _ in range(self.one(1, 1, 1, 2))]

    def _has(self, release: str, capability: str) -> bool:
        known = parse_capability(capability)
        row, first = self.matrix.gpus.architecture(known) or {}, self.matrix.gpus.first_driver(known)
        branch = versions.parse(release).major
        return branch <= int(row.get("driver_last", 10**6)) and (first is None or branch >= int(first.value))

    def _host(self) -> Facts:
        """A Linux machine with a driver of a branch, and its GPUs."""
        release = self._release(self.random.choice(self.branches[-14:]))
        return {
            "os": "linux",
            "arch": "x86_64",
            "environment": [],
            "driver": {"version": release, "kernel_module_version": release, "kernel_module_loaded": True},
            "gpus": self._gpu_of(release, "datacenter", "geforce", "workstation"),
            "python": self.one("3.8.18", "3.10.12", "3.11.9", "3.12.3"),
            "glibc": self.one("2.31", "2.35", "2.39"),
            "device_nodes": ["/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm"],
            "damaged": [],
        }

    def _server(self) -> Facts:
        """Several toolkits, one of them on LD_LIBRARY_PATH; MIG, or GPUs that differ."""
        facts = self._host()
        kits = self.random.sample(self.cudas[-40:], self.one(1, 2, 3))
        facts["toolkits"] = [{"version": one, "origin": "system", "path": f"/usr/local/cuda-{one}"} for one in kits]
        facts["variables"] = self.some(
            {
                "LD_LIBRARY_PATH": (0.6, lambda: f"/usr/local/cuda-{kits[0]}/lib64:/opt/tensorrt/lib"),
                "CUDA_HOME": (0.3, lambda: f"/usr/local/cuda-{kits[-1]}"),
                "CUDA_VISIBLE_DEVICES": (0.2, lambda: self.one("0", "1", "0,1")),
            }
        )
        facts["libraries"] = [
            {"name": "cublas", "version": kits[0], "origin": "system", "path": f"/usr/local/cuda-{kits[0]}/lib64"},
            *({**self._library(), "origin": "system"} for _ in range(self.one(0, 1, 2))),
        ]
        if self.often(0.25):
            facts["gpus"] = [{"name": "NVIDIA A100-SXM4-80GB", "mig": self.one("1g.10gb", "3g.40gb", "enabled")}]
        elif self.often(0.3):
            facts["gpus"] = [*facts["gpus"], {"name": self.one("Tesla K80", "Tesla P100-PCIE-16GB", "NVIDIA B200")}]
        return facts

    def _conda(self) -> Facts:
        cuda = self.one("10.2", "11.3", "11.8", "12.1", "12.4", "12.6", "12.8")
        pin = self.one("pytorch-cuda", "cuda-version") if cuda[1] != "0" and cuda != "11.3" else "cudatoolkit"
        cudnn = {"name": "cudnn", "version": self.one("8.9.7", "9.1.1", "9.10.2"), "origin": "conda"}
        packages = {pin: cuda, "pytorch": self._version("torch"), "numpy": self.one("1.26.4", "2.1.0")}
        return {
            **self._host(),
            "environment": ["conda"],
            "libraries": [{**cudnn, "path": "/opt/conda/lib"}],
            "variables": {"LD_LIBRARY_PATH": "/opt/conda/lib"} if self.often(0.3) else {},
            "packages": {name: one for name, one in packages.items() if self.often(0.7)},
        }

    def _image(self) -> Facts:
        """An image of NVIDIA's with the libraries that it was made with."""
        row = self.random.choice(self.images)
        copies = [{"name": name, "version": row[name], "origin": "container"} for name in _brought(row)]
        image = f"nvcr.io/nvidia/{row['image']}:{row['tag']}" + self.one("", "-py3")
        return {
            **self._host(),
            "environment": ["docker"],
            "distribution": "ubuntu",
            **({"distribution_version": row["ubuntu"]} if "ubuntu" in row else {}),
            "container": {"image": image, "gpu_access": True},
            "toolkits": [{"version": row["cuda"], "origin": "container"}],
            "libraries": copies,
            "glibc": self.glibc.get(row.get("ubuntu", ""), "2.39"),
        }

    def _jetson(self) -> Facts:
        row = self.random.choice(self.jetpacks)
        copies = [{"name": name, "version": row[name], "origin": "system"} for name in _brought(row)]
        return {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson", *self.one([], ["docker"])],
            "jetson": {"jetpack": row["jetpack"], "l4t": row["l4t"], "module": self.random.choice(row["modules"])},
            "python": f"{row['python']}.10" if "python" in row else "3.10.12",
            "glibc": row.get("glibc", "2.35"),
            "libraries": copies,
            **({"toolkits": [{"version": row["cuda"], "origin": "system"}]} if "cuda" in row else {}),
        }

    def _wsl(self) -> Facts:
        release = self._release(self.random.choice(self.branches[-12:]), "windows")
        return {
            **self._host(),
            "environment": ["wsl2", *self.one([], [], ["docker"], ["conda"])],
            "kernel": "5.15.153.1-microsoft-standard-WSL2",
            "driver": {"version": release},
            "libcuda": {"path": "/usr/lib/wsl/lib/libcuda.so.1", "compat": False},
            "device_nodes": ["/dev/dxg"],
            "gpus": self._gpu_of(release, "geforce"),
        }

    def _windows(self) -> Facts:
        release = self._release(self.random.choice(self.branches[-12:]), "windows")
        cuda = self.one("11.8", "12.1", "12.4", "12.8", "13.0")
        folder = f"C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v{cuda}"
        return {
            "os": "windows",
            "arch": "x86_64",
            "environment": self.one([], ["conda"]),
            "driver": {"version": release},
            "gpus": self._gpu_of(release, "geforce", "workstation"),
            "python": self.one("3.10.11", "3.11.9", "3.12.3"),
            "toolkits": [{"version": cuda, "origin": "system", "path": folder}],
            "variables": {"CUDA_PATH": folder, "PATH": f"{folder}\\bin;C:\\Windows\\System32"},
            "missing_libraries": self.one([], [], ["cudnn64_9.dll"], ["cudnn64_8.dll"], ["cublasLt64_12.dll"]),
        }


def _brought(row: Row) -> list[str]:
    return [name for name in ("cudnn", "tensorrt", "nccl") if name in row]
