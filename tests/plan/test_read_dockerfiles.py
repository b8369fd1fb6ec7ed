"""Requests from Dockerfiles: what the image brings, what is planned for inside it, what its lines copy and install."""

from files_asked import BOX, planned

from compat.cli.app import run


def test_the_image_of_a_dockerfile_asks_too(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text("FROM pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime\n")
    code, out, err = planned(capsys, "-r", tmp_path / "Dockerfile")
    assert code == 0
    assert "nothing to do" in out  # it is in the image, and the image's build serves the GPU and the driver
    assert "Dockerfile:1: torch==2.4.0" in err
    assert "Dockerfile:1: image pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime (" in err


def test_what_is_planned_inside_an_image_is_a_dockerfile_too(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text(
        "FROM nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04\nRUN pip install torch==2.5.1\n"
    )
    code, out, _ = planned(capsys, "-r", tmp_path / "Dockerfile", "--format", "dockerfile")
    assert code == 0
    lines = [line for line in out.splitlines() if line and not line.startswith("#")]
    assert lines == [
        "FROM nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04",
        'RUN ["python3", "-m", "pip", "install", "torch==2.5.1"]',
    ]


def test_what_a_dockerfile_installs_takes_the_place_of_what_its_image_has(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text(
        "FROM pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime\nRUN pip install torch==2.5.1\n"
    )
    code, out, err = planned(capsys, "-r", tmp_path / "Dockerfile")
    assert code == 0
    assert "torch: 2.4.0 -> 2.5.1" in out.replace("→", "->")
    assert "torch==2.4.0" not in err


def test_the_base_image_is_planned_for(tmp_path, capsys):
    """cuDNN and CUDA of the host are not those of the image; the image's own demand on the driver is asked."""
    import json

    (tmp_path / "Dockerfile").write_text("FROM nvidia/cuda:13.1.1-runtime-ubuntu24.04\nRUN pip install torch\n")
    run(["plan", "-r", str(tmp_path / "Dockerfile"), "--machine", str(BOX), "--format", "json"])
    result = json.loads(capsys.readouterr().out)["result"]
    assert result["container"]["image"] == "nvidia/cuda:13.1.1-runtime-ubuntu24.04"
    assert result["distribution_version"] == "24.04"


def test_an_image_of_nvidias_registry_asks_for_its_framework(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text("FROM nvcr.io/nvidia/pytorch:24.03-py3\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "Dockerfile").write_text("FROM nvcr.io/nvidia/pytorch:24.03-py3\n")
    code, _, err = planned(capsys, tmp_path)
    assert code == 0
    assert "Dockerfile:1: torch==2.3.*" in err


def test_what_a_dockerfile_copies_is_looked_for_where_it_came_from(tmp_path, capsys):
    (tmp_path / "docker").mkdir()
    (tmp_path / "reqs").mkdir()
    (tmp_path / "reqs" / "gpu.txt").write_text("torch==2.4.1\n")
    (tmp_path / "env.yml").write_text("dependencies:\n  - python=3.10\n  - pip:\n      - -r nowhere.txt\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "m"\ndependencies = ["onnx"]\n[project.optional-dependencies]\ngpu = ["triton==3.0.0"]\n'
    )
    file = tmp_path / "docker" / "Dockerfile"
    file.write_text(
        "FROM ubuntu:22.04\nWORKDIR /app\nCOPY reqs/gpu.txt /tmp/requirements.txt\nCOPY env.yml /tmp/e.yml\nCOPY . .\n"
        "RUN apt-get install -y python3.11 && \\\n    pip install -r /tmp/requirements.txt \\\n"
        "    -c limits.txt $(cat more.txt)\nRUN micromamba install -n base -f /tmp/e.yml\nRUN uv sync --extra gpu\n"
        "RUN poetry add 'onnxruntime-gpu@^1.18'\n"
    )
    _, _, err = planned(capsys, "-r", file)
    lines = [line.replace(str(tmp_path), "").removeprefix("read: /") for line in err.splitlines()]
    assert "docker/../reqs/gpu.txt:1: torch==2.4.1" in lines or "reqs/gpu.txt:1: torch==2.4.1" in lines
    assert any(line.endswith("pyproject.toml:5: triton==3.0.0") for line in lines)
    assert "docker/Dockerfile:11: onnxruntime-gpu<2,>=1.18" in lines
    assert "docker/Dockerfile:9: Python 3.10" in lines
    assert any("-c limits.txt (left out: that file is not here)" in line for line in lines)
    assert any("-r nowhere.txt (left out: that file is not here)" in line for line in lines)


def test_nothing_outside_of_what_an_image_is_built_from_is_read(tmp_path, capsys):
    (tmp_path / "secret.txt").write_text("tensorflow==2.15\n")
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    (inner / "Dockerfile").write_text(
        "FROM ubuntu:22.04\nRUN pip install torch -r ../../../secret.txt && pip install -r /../../secret.txt\n"
    )
    _, _, err = planned(capsys, "-r", inner / "Dockerfile")
    assert "tensorflow" not in err
    assert "that file is not here" in err


def test_an_ubuntu_image_has_ubuntus_python(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text("FROM nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu20.04\nRUN pip3 install torch\n")
    code, out, _ = planned(capsys, "-r", tmp_path / "Dockerfile")
    assert (code, "torch==2.4.1" in out) == (0, True)  # the last release for Python 3.8
    (tmp_path / "Dockerfile").write_text("FROM ubuntu:20.04\nRUN apt install python3.9-venv\nRUN pip3 install torch\n")
    code, out, err = planned(capsys, "-r", tmp_path / "Dockerfile")
    assert (code, "torch==2.8.0" in out) == (0, True)  # the last one for Python 3.9
    assert "Dockerfile:2: Python 3.9" in err


def test_an_image_of_an_unknown_release_asks_for_its_framework(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text("FROM nvcr.io/nvidia/tensorflow:23.99-tf2-py3\nRUN pip install tf2onnx\n")
    code, _, err = planned(capsys, "-r", tmp_path / "Dockerfile")
    assert code == 0
    assert "Dockerfile:1: tensorflow==2.*" in err


def test_the_image_of_a_dockerfile_that_is_not_planned_for_is_said(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.4.1\n")
    (tmp_path / "Dockerfile").write_text("FROM pytorch/pytorch:1.5-cuda10.1-cudnn7-runtime\nRUN pip install scipy\n")
    _, _, err = planned(capsys, tmp_path)
    assert "Dockerfile:1: image pytorch/pytorch:1.5-cuda10.1-cudnn7-runtime (left out" in err
    _, _, err = planned(capsys, "-r", tmp_path / "Dockerfile")
    assert "left out: a Dockerfile" not in err
    assert "Dockerfile:1: torch==1.5" in err
