"""Requests from files and checkouts: what is read of each kind of file, and what is shown of it."""

import pytest
from files_asked import BOX, planned

from compat.cli.app import run

FILES = {
    "requirements.txt": ("numpy\ntorch==2.6.0  # the model's\n", "requirements.txt:2: torch==2.6.0"),
    "pyproject.toml": ('[project]\nname = "m"\ndependencies = [\n  "torch>=2.6,<2.7",\n]\n', "pyproject.toml:4: torch"),
    "environment.yml": ("dependencies:\n  - python=3.11\n  - pytorch=2.6\n", "environment.yml:3: pytorch==2.6.*"),
    "Dockerfile": ("FROM python:3.11\nRUN pip install 'torch==2.6.*'\n", "Dockerfile:2: torch==2.6.*"),
    "pylock.toml": ('lock-version = "1.0"\n[[packages]]\nname = "torch"\nversion = "2.6.0"\n', "pylock.toml:3: torch"),
    "setup.py": (
        "import os\nfrom setuptools import setup\nREQUIRED = ['numpy', 'torch==2.6.0']\n"
        "os.environ['x']\nsetup(name='m', install_requires=REQUIRED + ['click'])\n",
        "setup.py:3: torch==2.6.0",
    ),
    "setup.cfg": (
        "[options]\ninstall_requires =\n    numpy\n    torch==2.6.0  # pinned\n",
        "setup.cfg:4: torch==2.6.0",
    ),
    "pixi.toml": (
        '[workspace]\nname = "m"\n[dependencies]\npython = "3.11.*"\n[pypi-dependencies]\ntorch = "==2.6.0"\n',
        "pixi.toml:6: torch==2.6.0",
    ),
    "train.ipynb": (
        '{"cells": [{"cell_type": "code",\n "source": ["!pip install -q torch==2.6.0 tqdm\\n", "import torch"]}]}',
        "train.ipynb:2: torch==2.6.0",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_kind(name, tmp_path, capsys):
    text, shown = FILES[name]
    (tmp_path / name).write_text(text)
    code, out, err = planned(capsys, "-r", tmp_path / name)
    assert code == 0
    assert "torch: 2.6.0" in out
    assert shown in err


def test_a_checkout_unpinned_and_old_names(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow-gpu==2.10.0\n")
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "requirements.txt").write_text("tensorflow>=2.10\ntorch\n")
    (tmp_path / "pyproject.toml").write_text("not [ toml")
    code, out, err = planned(capsys, tmp_path)
    assert "requirements.txt:1: tensorflow-gpu==2.10.0" in err
    assert "tensorflow>=2.10 (left out:" in err  # the file nearer to the root counts
    assert "server/requirements.txt:2: torch (left out:" in err  # a project of its own below the root
    assert "pyproject.toml:1: not TOML" in err
    assert code in (0, 1)
    assert "tensorflow ==2.10.0" in out
    assert "torch" not in out


@pytest.mark.parametrize("text", [None, "numpy\n", "torch=2.6\n"])
def test_what_cannot_be_asked_is_wrong_usage(text, tmp_path, capsys):
    if text is not None:
        (tmp_path / "requirements.txt").write_text(text)
    code, out, err = planned(capsys, "-r", tmp_path / "requirements.txt")
    assert code == 2
    assert not out
    assert "error:" in err
    assert "hint:" in err


def test_a_setup_file_is_never_executed(tmp_path, capsys):
    (tmp_path / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nsetup(install_requires='torch')\n")
    assert planned(capsys, tmp_path)[0] == 0
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "text", "python"),
    [
        ("environment.yml", "dependencies:\n  - python=3.12\n  - pytorch=2.6\n", "3.12"),
        ("pyproject.toml", '[project]\nname = "m"\nrequires-python = ">=3.12"\ndependencies = ["torch"]\n', "3.12"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "~3.11"\ntorch = "^2.4"\n', "3.11"),
        ("Dockerfile", "FROM python:3.12-slim\nRUN pip install torch\n", "3.12"),
    ],
)
def test_the_python_of_a_file_is_planned_for(name, text, python, tmp_path, capsys):
    (tmp_path / name).write_text(text)
    code = run(["plan", str(tmp_path / name), "--machine", str(BOX), "--format", "json"])
    assert code == 0
    import json

    assert json.loads(capsys.readouterr().out)["result"]["python"].startswith(python)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("environment.yml", "dependencies:\n  - python=3.12.4\n  - pytorch=2.6\n", "3.12"),
        ("environment.yml", "dependencies:\n  - python=3.11\n  - pytorch=2.6\n", None),  # is there
        ("pyproject.toml", '[project]\nname = "m"\nrequires-python = ">=3.12"\ndependencies = ["torch"]\n', "3.12"),
        ("Dockerfile", "FROM python:3.12-slim\nRUN pip install torch\n", None),  # is in the image
    ],
)
def test_another_python_is_a_new_environment(name, text, line, tmp_path, capsys):
    import json

    (tmp_path / name).write_text(text)
    assert run(["plan", str(tmp_path / name), "--machine", str(BOX), "--format", "json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    argvs = [one["argv"] for step in steps for one in step["commands"] if one["installer"] == "pip"]
    made = [argv for argv in argvs if "venv" in argv]
    assert made == ([[f"python{line}", "-m", "venv", ".venv"]] if line else [])
    assert all(argv[0].startswith(".venv") == (line is not None) for argv in argvs if "install" in argv)


@pytest.mark.parametrize("name", ["notebooks/train.ipynb", "examples/requirements.txt"])
def test_what_is_weak_counts_only_alone(name, tmp_path, capsys):
    text = '{"cells": [{"cell_type": "code", "source": ["!pip install tensorflow==1.15\\n"]}]}'
    weak = tmp_path / name
    weak.parent.mkdir()
    weak.write_text(text if name.endswith("b") else "tensorflow==1.15\n")
    assert "tensorflow==1.15" in planned(capsys, tmp_path)[2]
    (tmp_path / "requirements.txt").write_text("torch==2.6.0\n")
    code, out, err = planned(capsys, tmp_path)
    assert code == 0
    assert "tensorflow" not in out
    assert "requirements.txt says what is needed" in err


@pytest.mark.parametrize("name", ["requirements/base.txt", "requirements_gpu.txt", "pip-requirements.txt", "req.txt"])
def test_names_of_requirement_files(name, tmp_path, capsys):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("torch==2.6.0\n")
    (tmp_path / "requirements-dev.txt").write_text("tensorflow==2.15\n")
    code, out, _ = planned(capsys, tmp_path)
    assert code == 0
    assert "torch: 2.6.0" in out
    assert "tensorflow" not in out


READ = {
    "Pipfile": (
        '[[source]]\nname = "pt"\nurl = "https://download.pytorch.org/whl/cu121"\n'
        '[packages]\ntorch = {version = "==2.4.1", index = "pt"}\nclip = {git = "https://x/clip"}\n',
        ["Pipfile:5: torch==2.4.1", "Pipfile:6: clip (left out: a repository"],
    ),
    "cog.yaml": (
        'build:\n  gpu: true\n  cuda: "11.8"\n  python_version: "3.10"\n  python_packages:\n    - "torch==2.4.1"  # x\n'
        "predict: predict.py:P\n",
        ["cog.yaml:6: torch==2.4.1", "cog.yaml:4: Python 3.10", "cog.yaml:3: cuda 11.8 (left out: which CUDA fits"],
    ),
    "uv.lock": (
        'version = 1\n[[package]]\nname = "torch"\nversion = "2.4.1"\n[[package]]\nname = "numpy"\nversion = "1.26.4"\n'
        '[[package]]\nname = "numpy"\nversion = "2.1.0"\n[[package]]\nname = "me"\nversion = "0"\n'
        'source = { virtual = "." }\n',
        ["uv.lock:3: torch==2.4.1", "numpy==1.26.4 (left out: one of several releases in this lock)"],
    ),
    "spec-file.txt": (
        "# $ conda create --name <env> --file <this file>\n_libgcc_mutex=0.1=main\npython=3.10.4=h12debd9_0\n"
        "pytorch=2.4.1=cuda120_py310_0\ntransformers=4.40.0=pypi_0\n",
        ["spec-file.txt:4: pytorch==2.4.1", "spec-file.txt:3: Python 3.10.4", "_libgcc_mutex, transformers (left out"],
    ),
    "conda-linux-64.lock": (
        "@EXPLICIT\nhttps://conda.anaconda.org/conda-forge/linux-64/pytorch-2.4.1-cuda120_py311_301.conda#ab\n",
        ["conda-linux-64.lock:2: pytorch==2.4.1"],
    ),
    "README.md": (
        "Run pip install jax.\n```bash\n$ pip install torch==2.4.1\n```\nor\n```\npip install torch==2.5.1\n```\n",
        ["README.md:3: torch==2.4.1", "README.md:7: torch==2.5.1 (left out: block 2: block 1 says otherwise)"],
    ),
    "a.ipynb": (
        '{"cells": [{"cell_type": "code", "source": ["%%bash\\n", "pip install torch==2.4.1\\n"]}]}',
        ["a.ipynb:1: torch==2.4.1"],
    ),
    "pyproject.toml": (
        '[project]\nname = "m"\ndependencies = ["torch"]\n[project.optional-dependencies]\ncpu = ["torch==2.7.0"]\n'
        'cu121 = ["torch==2.4.1"]\n[tool.uv.sources]\ntorch = [{ index = "c", extra = "cpu" }, { index = "g", extra = '
        '"cu121" }]\n[[tool.uv.index]]\nname = "c"\nurl = "https://download.pytorch.org/whl/cpu"\n[[tool.uv.index]]\n'
        'name = "g"\nurl = "https://download.pytorch.org/whl/cu121"\n',
        ["pyproject.toml:6: torch==2.4.1", "torch==2.7.0 (left out: extra cpu: extra cu121 says otherwise)"],
    ),
    "requirements.txt": (
        "torch==2.4.1\n-e .\n-e git+https://x/d.git#egg=detectron2\ngit+https://x/CLIP.git\n${MORE}\n"
        "-r https://x/requirements.txt\ntensorrt-llm\ntransformers\n",
        [
            "requirements.txt:1: torch==2.4.1",
            "requirements.txt:2: . (left out: a folder or a file",
            "requirements.txt:4: git+https://x/CLIP.git (left out: a repository, and no name is written",
            "requirements.txt:5: ${MORE} (left out: a variable",
            "requirements.txt:6: -r https://x/requirements.txt (left out: elsewhere",
            "requirements.txt:7: tensorrt-llm (left out: planned by hand",
            "requirements.txt: detectron2, transformers (left out: no code for GPUs",
        ],
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read_of_a_file_and_what_is_not(name, tmp_path, capsys):
    text, shown = READ[name]
    (tmp_path / name).write_text(text)
    code, out, err = planned(capsys, "-r", tmp_path / name, "--allow", "python")
    assert [one for one in shown if one not in err] == []
    assert code == 0
    assert "torch==2.4.1" in out


def test_a_tag_names_a_release_and_keys_of_several_tables_have_their_own_lines(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch @ git+https://github.com/pytorch/pytorch@v2.4.1\n")
    _, _, err = planned(capsys, "-r", tmp_path / "requirements.txt")
    assert "requirements.txt:1: torch==2.4.1" in err
    (tmp_path / "pixi.toml").write_text(
        "[feature.cpu.dependencies]\npytorch = '2.3.*'\n[feature.cuda.dependencies]\npytorch = '2.4.*'\n"
    )
    _, _, err = planned(capsys, "-r", tmp_path / "pixi.toml")
    assert "pixi.toml:4: pytorch==2.4.*" in err
    assert "pixi.toml:2: pytorch==2.3.* (left out: feature cpu: feature cuda says otherwise)" in err


def test_how_a_published_model_is_built_counts_where_nothing_else_does(tmp_path, capsys):
    (tmp_path / "cog.yaml").write_text('build:\n  python_version: "3.9"\n  python_packages:\n    - torch==1.13.1\n')
    (tmp_path / "requirements.txt").write_text("torch>=1.7\n")
    (tmp_path / "README.md").write_text("```\npip install -r requirements.txt\n# pip install the rest\n```\n")
    _, _, err = planned(capsys, tmp_path)
    assert "torch==1.13.1 (left out" in err
    assert "Python 3.9" not in err
    assert err.count("requirements.txt:1: torch>=1.7") == 1
    assert "rest" not in err
    (tmp_path / "requirements.txt").unlink()
    _, _, err = planned(capsys, tmp_path)
    assert "torch==1.13.1\n" in err
    assert "cog.yaml:2: Python 3.9" in err


def test_cog_yaml_is_read_as_pip_and_the_shell_would(tmp_path, capsys):
    """Options beside a package, commands, comments; and its Python counts where it is what asks."""
    (tmp_path / "requirements.txt").write_text("timm\n")
    (tmp_path / "cog.yaml").write_text(
        'build:\n  python_version: "3.10"\n  python_packages:\n'
        '    - "torch==2.1.2 --extra-index-url=https://download.pytorch.org/whl/cu121"\n'
        "    - git+https://x/CLIP.git\n  run:\n"
        "    - pip install xformers==0.0.23.post1 # the last for this torch\n"
        "    - command: pip install triton==2.1.0\n"
    )
    _, out, err = planned(capsys, tmp_path)
    for line in ("cog.yaml:4: torch==2.1.2\n", "cog.yaml:7: xformers==0.0.23.post1\n", "cog.yaml:2: Python 3.10"):
        assert line in err
    assert "cog.yaml:5: git+https://x/CLIP.git (left out: a repository" in err
    assert "index https://download.pytorch.org/whl/cu121" in err
    assert "last" not in err
    assert "python3.10 -m venv" in out


def test_a_hostile_checkout_neither_waits_nor_steers_the_terminal(tmp_path, capsys):
    import os

    os.mkfifo(tmp_path / "requirements.txt")
    (tmp_path / "setup.cfg").symlink_to("/etc/passwd")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "m"\ndependencies = ["torch==2.6.0"]\n[tool.poetry.dependencies]\n"a\\u001b[2Jb" = "1"\n'
    )
    (tmp_path / "environment\x1b[2J.yml").write_text("- !!python/object:os.system\n\tx")
    (tmp_path / "requirements-\x1b[2J.txt").write_text("tensorrt==8.6.1\n")
    code, out, err = planned(capsys, tmp_path)
    assert code == 0
    assert "torch==2.6.0" in out
    assert "\x1b" not in out + err
    assert "passwd" not in err


def test_a_name_without_gpu_code_is_left_out_beside_the_one_that_has_it(tmp_path, capsys):
    """THU-MIG/yolov10 (https://github.com/THU-MIG/yolov10, requirements.txt) has both lines."""
    (tmp_path / "requirements.txt").write_text("torch==2.0.1\nonnxruntime==1.15.1\nonnxruntime-gpu==1.18.0\n")
    _, out, err = planned(capsys, tmp_path)
    assert "requirements.txt:2: onnxruntime==1.15.1 (left out: it has no GPU code under this name)" in err
    assert "onnxruntime-gpu==1.18.0" in out


def test_bounds_of_what_is_weak_count_only_alone(tmp_path, capsys):
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "requirements.txt").write_text("tensorflow\nnumpy<1.24\n")
    assert "numpy<1.24" in planned(capsys, tmp_path)[1]
    (tmp_path / "requirements.txt").write_text("tensorflow\n")
    assert "numpy<1.24" not in planned(capsys, tmp_path)[1]


def test_condas_own_packages_of_cuda_bound_nothing(tmp_path, capsys):
    (tmp_path / "environment.yml").write_text(
        "dependencies:\n  - python=3.12\n  - pytorch=2.9\n  - cuda-bindings=11.8\n"
    )
    code, out, err = planned(capsys, tmp_path / "environment.yml")
    assert code == 0
    assert "cuda-bindings" not in out
    said = [line for line in err.splitlines() if "cuda-bindings" in line]
    assert [line.rpartition("(")[2] for line in said] == ["left out: which CUDA fits is the plan's to say)"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "--extra-index-url https://download.pytorch.org/whl/cu113\ntorch==1.12.1\n"),
        (
            "Dockerfile",
            "FROM ubuntu:22.04\nRUN pip install torch==1.12.1 -f "
            "https://download.pytorch.org/whl/cu113/torch_stable.html\n",
        ),
    ],
)
def test_of_one_release_the_build_of_the_index_that_is_named_is_preferred(tmp_path, capsys, name, text):
    """As facebookresearch/detectron2's docker/Dockerfile names it; of a release that has none it is left open."""
    (tmp_path / name).write_text(text)
    old = tmp_path / "old.toml"
    old.write_text(BOX.read_text().replace("NVIDIA H100 80GB HBM3", "Tesla T4").replace("3.11.9", "3.10.12"))
    run(["plan", "-r", str(tmp_path / name), "--machine", str(old)])
    assert "torch==1.12.1+cu113 --index-url https://download.pytorch.org/whl/cu113" in capsys.readouterr().out
    (tmp_path / name).write_text(text.replace("1.12.1", "2.6.0"))
    run(["plan", "-r", str(tmp_path / name), "--machine", str(old)])
    assert "-m pip install torch==2.6.0\n" in capsys.readouterr().out
