"""What requests ask for: bounds, builds, contradictions, what counts before what."""

import re

import pytest
from files_asked import BOX, planned

from compat.cli.app import run


def test_a_marker_for_another_system_is_left_out(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.6.0; sys_platform == 'win32'\ntensorrt\n")
    code, out, err = planned(capsys, "-r", tmp_path / "requirements.txt")
    assert code == 0
    assert "torch" not in out.splitlines()[0]
    assert "left out: not for this machine" in err


def test_an_option_has_the_last_word(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.6.0\n")
    code, out, _ = planned(capsys, "-r", tmp_path / "requirements.txt", "--torch", "2.7")
    assert code == 0
    assert "torch ==2.7.*" in out


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("torch==2.6.0+cu118\n", "requirements.txt"),
        (
            '[project]\nname = "m"\ndependencies = ["torch==2.6.0"]\n[tool.uv.sources]\ntorch = { index = "p" }\n'
            '[[tool.uv.index]]\nname = "p"\nurl = "https://download.pytorch.org/whl/cu118"\n',
            "pyproject.toml",
        ),
    ],
)
def test_a_named_build_is_demanded(text, name, tmp_path, capsys):
    (tmp_path / name).write_text(text)
    code, out, _ = planned(capsys, tmp_path / name)
    assert code == 0
    assert "torch: 2.6.0+cu118" in out


def test_a_build_that_does_not_fit_is_named_in_the_conflict(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.6.0+cu118\n")
    new = BOX.with_name("rtx5090-driver570.toml")
    code = run(["plan", "-r", str(tmp_path / "requirements.txt"), "--machine", str(new)])
    assert code == 1
    assert "torch ==2.6.0 of cu118 is asked for" in capsys.readouterr().out


def test_a_bound_on_what_comes_from_another_index_than_the_build(tmp_path, capsys):
    """ONNX Runtime's index for CUDA 12 has nothing else, so protobuf goes in ahead of it, inside the file's bound."""
    (tmp_path / "requirements.txt").write_text("onnxruntime-gpu==1.18.1\nprotobuf<4\n")
    new = BOX.with_name("rtx5090-driver570.toml")
    code = run(["plan", "-r", str(tmp_path / "requirements.txt"), "--machine", str(new)])
    assert code == 0
    assert "'protobuf<4'" in capsys.readouterr().out


def test_a_constraint_asks_for_nothing(tmp_path, capsys):
    (tmp_path / "limits.txt").write_text("torch==2.6.0\ntensorflow==2.15\n")
    (tmp_path / "requirements.txt").write_text("-c limits.txt\ntorch\n")
    code, out, err = planned(capsys, "-r", tmp_path / "requirements.txt")
    assert code == 0
    assert "torch: 2.6.0" in out
    assert "tensorflow" not in out.splitlines()[0]
    assert "limits.txt:2: tensorflow==2.15" in err


def test_packages_by_their_own_names(capsys):
    code, out, _ = planned(capsys, "--package", "vllm==0.9.2")
    assert code == 0
    assert "vllm==0.9.2" in out
    assert "torch==2.7.0" in out
    assert planned(capsys, "--package", "transformer-engine")[0] == 2


def test_what_a_file_bounds_is_kept(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow\nnumpy<1.24\nprotobuf<4\n")
    code, out, err = planned(capsys, tmp_path / "requirements.txt")
    assert code == 0
    assert "tensorflow: 2.17.1" in out  # 2.18 wants numpy 1.26
    assert "'numpy<1.24' 'protobuf<4'" in out
    assert "requirements.txt:2: numpy<1.24" in err


def test_bounds_that_rule_out_what_is_asked_for(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow==2.18.0\nnumpy<1.24\n")
    code, out, _ = planned(capsys, tmp_path / "requirements.txt")
    assert code == 1
    text = " ".join(out.split())
    assert "tensorflow 2.18.0 requires numpy<2.1.0,>=1.26.0," in text
    assert "in place of <1.24" in text
    assert "tensorflow 2.17.1 in place of ==2.18.0" in text


def test_an_unbounded_companion_takes_the_known_break(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.2.0\nnumpy\n")
    code, out, _ = planned(capsys, tmp_path / "requirements.txt")
    assert code == 0
    assert "torch==2.2.0 'numpy<2'" in out


def test_a_bound_that_the_known_break_contradicts(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.2.0\nnumpy==2.1.0\n")
    code, out, _ = planned(capsys, tmp_path / "requirements.txt")
    assert code == 1
    assert "numpy <2 in place of ==2.1.0" in out
    assert "torch 2.3.1 in place of ==2.2.0" in out


def test_files_of_a_checkout_that_contradict_are_other_ways(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.6.0\n")
    (tmp_path / "environment.yml").write_text("dependencies:\n  - pytorch=1.7.1\n")
    code, out, err = planned(capsys, tmp_path)
    assert code == 0
    assert "torch: 2.6.0" in out
    assert "requirements.txt says otherwise" in err


def test_named_files_that_contradict_are_impossible(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.6.0\n")
    (tmp_path / "more.txt").write_text("torch==2.7.0\n")
    assert planned(capsys, "-r", tmp_path / "requirements.txt", "-r", tmp_path / "more.txt")[0] == 1


def test_a_name_without_gpu_code_does_not_ask_for_the_gpu(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("jax==0.4.26\ntensorflow-cpu==2.16.1\n")
    code, out, err = planned(capsys, tmp_path)
    assert code == 0
    assert "tensorflow-cpu==2.16.1 (left out: it has no GPU code under this name)" in err
    assert "jax: 0.4.26" in out


def test_a_pre_release_that_is_not_known_stands_for_its_release(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow==2.15.0rc1\n")
    code, out, err = planned(capsys, tmp_path)
    assert code == 0
    assert "as ==2.15.0" in err
    assert "tensorflow: 2.15.0" in out


def test_a_withdrawn_release_is_installed_where_it_is_named(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.0.0\ntorchvision==0.15.0\n")
    code, out, _ = planned(capsys, "--python", "3.9", tmp_path)
    assert code == 0
    assert "torchvision: 0.15.0+cu118" in out


def test_numpy_goes_in_ahead_of_a_build_of_pytorchs_index(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==1.13.1\ntorchvision==0.14.1\nnumpy==1.23.5\n")
    old = tmp_path / "old.toml"
    old.write_text(BOX.read_text().replace("NVIDIA H100 80GB HBM3", "Tesla T4"))
    code = run(
        ["plan", str(tmp_path / "requirements.txt"), "--python", "3.10", "--machine", str(old), "--prefer", "newest"]
    )
    out = capsys.readouterr().out
    assert code == 0
    lines = [line for line in out.splitlines() if "pip install" in line]
    assert any("numpy==1.23.5" in line for line in lines)
    assert not any("numpy" in line and "--index-url" in line for line in lines)


def test_a_file_that_contradicts_is_left_out_as_a_whole(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch>=2.5\n")
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "requirements.txt").write_text("torch==2.1.0\ntensorflow==1.15\nnumpy==1.19\n")
    code, out, err = planned(capsys, tmp_path)
    assert code == 0
    assert "tool/requirements.txt:2: tensorflow==1.15 (left out:" in err
    assert "numpy" not in out


def test_a_file_for_another_system_is_weak(tmp_path, capsys):
    (tmp_path / "requirements_windows.txt").write_text("torch==2.1.0\n")
    (tmp_path / "requirements_linux.txt").write_text("torch==2.6.0\n")
    code, out, _ = planned(capsys, tmp_path)
    assert code == 0
    assert "torch: 2.6.0" in out


def test_a_bound_is_widened_together_with_another_python(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow==2.8.0\nnumpy==1.18.5\n")
    t4 = tmp_path / "t4.toml"
    t4.write_text(BOX.read_text().replace("NVIDIA H100 80GB HBM3", "Tesla T4"))
    code = run(["plan", str(tmp_path / "requirements.txt"), "--machine", str(t4)])
    text = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert "would lift it: Python 3.10 and numpy <2,>=1.20 in place of ==1.18.5" in text


def test_a_file_bounds_what_an_option_asks_for(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("numpy<1.25\ntransformers\n")
    code, out, err = planned(capsys, "--tensorflow", "2.15", "-r", tmp_path / "requirements.txt")
    assert code == 0
    assert "'numpy<1.25'" in out
    assert "requirements.txt:1: numpy<1.25" in err


def test_a_file_without_frameworks_goes_with_a_goal(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("six\nonnx==1.17.0\n")
    code, out, err = planned(capsys, "--goal", "convert:torch-onnx", "-r", tmp_path / "requirements.txt")
    assert (code, "torch==" in out, "onnx==1.17.0" in out) == (0, True, True)
    assert "requirements.txt:2: onnx==1.17.0" in err


def test_a_numpy_that_the_python_has_not_wants_another_python(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow\nnumpy>=2.5\n")
    code, out, _ = planned(capsys, tmp_path)
    text = " ".join(out.split())
    assert code == 1
    assert "Python 3.11 requires numpy>=1.23.2,<=2.4.6" in text
    assert "would lift it: Python 3.12 (--allow python)" in text
    code, out, _ = planned(capsys, tmp_path, "--allow", "python")
    assert code == 0
    assert "'numpy>=2.5'" in out


def test_a_numpy_that_is_older_than_the_python_wants_an_older_python(tmp_path, capsys):
    """==1.19 is that release and no line: Python 3.9 begins with 1.19.3."""
    (tmp_path / "requirements.txt").write_text("torch\nnumpy==1.19\n")
    code, out, _ = planned(capsys, tmp_path)
    text = " ".join(out.split())
    assert (code, "would lift it: Python 3.8 (--allow python)" in text) == (1, True)


def test_the_nearest_release_is_named_where_a_files_demand_hinders_it_too(tmp_path, capsys):
    """NVIDIA's waveglow (https://github.com/NVIDIA/waveglow, requirements.txt) on a GPU that torch 1.0 cannot know."""
    (tmp_path / "requirements.txt").write_text("torch==1.0\ntensorflow\nnumpy==1.13.3\nlibrosa==0.6.0\n")
    code, out, _ = planned(capsys, tmp_path)
    text = " ".join(out.split())
    assert code == 1
    assert "would lift it: torch 2.0.1+cu118 in place of ==1.0 and numpy" in text
    assert "in place of ==1.13.3" in text


def test_the_nearest_release_takes_another_python_where_it_has_to(tmp_path, capsys):
    """gaussian-splatting (https://github.com/graphdeco-inria/gaussian-splatting, environment.yml) on an RTX 5090."""
    (tmp_path / "environment.yml").write_text(
        "name: gaussian_splatting\ndependencies:\n  - cudatoolkit=11.6\n  - python=3.7.13\n  - pytorch=1.12.1\n"
        "  - torchaudio=0.12.1\n  - torchvision=0.13.1\n"
    )
    new = tmp_path / "new.toml"
    new.write_text(BOX.read_text().replace("NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 5090").replace("535.", "575."))
    code = run(["plan", str(tmp_path / "environment.yml"), "--machine", str(new)])
    text = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert "would lift it: Python 3.9 and torch 2.7.1+cu128 in place of ==1.12.1.*" in text
    assert "torchvision 0.22.1+cu128 in place of ==0.13.1.*" in text


def test_conda_forges_newest_is_named_where_no_index_has_a_near_one(tmp_path, capsys):
    new = tmp_path / "new.toml"
    new.write_text(BOX.read_text().replace("NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 5090").replace("535.", "575."))
    code = run(["plan", "--tensorflow", "2.21", "--machine", str(new)])
    text = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert re.search(
        r"would lift it: tensorflow 2\.\d+\.\d+ of conda-forge \(cuda128\) in place of tensorflow ==2.21", text
    )


def test_a_jax_that_comes_along_without_its_plugin_hinders_no_cuda_11(tmp_path, capsys):
    """TensorFlow 2.12 requires jax, which opens no CUDA library without a plugin of its own."""
    (tmp_path / "requirements.txt").write_text("tensorflow==2.12.*\n")
    code, out, _ = planned(capsys, "-r", tmp_path / "requirements.txt")
    assert code == 0
    assert "pip install tensorflow==2.12.1" in out
    assert "nvidia-cublas-cu11" in out
