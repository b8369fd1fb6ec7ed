"""Commands that are known to break a GPU environment, and harmless ones: (machine, environment, command)."""

CPU = "https://download.pytorch.org/whl/cpu"

BREAKING = (
    ("h100", "torch26", f"pip install --force-reinstall --no-deps torch==2.6.0 --index-url {CPU}"),
    ("h100", "torch26", f"uv pip install torch==2.6.0+cpu --index-url {CPU}"),
    ("h100", "torch26", "pip install nvidia-cudnn-cu13"),
    ("h100", "torch26", "pip install nvidia-nccl-cu13"),
    ("h100", "torch26", "pip install nvidia-cudnn-cu12==8.9.7.29"),
    ("h100", "torch26", "pip install --no-deps torchvision==0.16.0"),
    ("h100", "torch26", "pip install --no-deps torch==2.5.1"),
    ("h100", "torch26", "pip uninstall -y nvidia-cudnn-cu12"),
    ("h100", "torch26", "pip install tensorflow-gpu"),
    ("h100", "torch26", "uv pip install nvidia-cudnn-cu12==8.9.2.26"),
    ("h100", "tensorflow215", "pip install --upgrade numpy"),
    ("h100", "tensorflow215", "pip install --no-deps tensorflow-cpu==2.15.1"),
    ("h100", "tensorflow215", "pip install nvidia-cudnn-cu12==9.1.0.70"),
    ("h100", "tensorflow215", "pip install --upgrade opencv-python-headless"),
    ("h100", "jax08", "pip install --upgrade jax jaxlib"),
    ("h100", "jax08", "pip install numpy==1.26.4"),
    ("h100", "onnxruntime123", "pip install onnxruntime"),
    ("h100", "onnxruntime123", "pip install rapidocr-onnxruntime"),
    ("h100", "onnxruntime123", "pip install onnxruntime-gpu==1.18.0"),
    ("a100-535", "torch26", "pip install --upgrade torch torchvision"),
    ("v100", "torch26", "pip install --upgrade torch torchvision"),
    # torchvision's extension stays one that needs CUDA's half of torch: it no longer imports.
    ("no-gpu", "torch26", f"pip install --force-reinstall --no-deps torch==2.6.0 --index-url {CPU}"),
)

HARMLESS = (
    ("h100", "torch26", "pip install requests"),
    ("h100", "torch26", "pip install pandas"),
    ("h100", "torch26", "pip install --upgrade numpy"),
    ("h100", "torch26", "pip install scipy"),
    ("h100", "torch26", "pip install onnx"),
    ("h100", "torch26", "pip install --no-deps transformers"),
    ("h100", "torch26", "uv pip install rich"),
    ("h100", "torch26", "pip install einops tqdm"),
    ("h100", "jax08", "uv pip install einops"),
    ("h100", "torch26", "pip uninstall -y networkx"),
    ("h100", "torch26", "pip install torch==2.7.1 torchvision==0.22.1"),
    ("h100", "tensorflow215", "pip install pyyaml"),
    ("h100", "tensorflow215", "pip install 'numpy<2' pandas"),
    ("h100", "tensorflow215", "uv pip install 'matplotlib' 'numpy<2'"),
    ("h100", "jax08", "pip install --upgrade numpy"),
    ("h100", "jax08", "pip install --no-deps flax"),
    ("h100", "onnxruntime123", "pip install onnx"),
    ("h100", "onnxruntime123", "pip install pillow"),
    ("a100-535", "torch26", "pip install --upgrade pillow"),
    ("v100", "torch26", "pip install torch==2.7.1 torchvision==0.22.1"),
)

# Not known beforehand: written down first, resolved and judged afterwards.
UNSEEN_BREAKING = (
    ("h100", "torch26", 'uv pip install "jax[cuda13]"'),
    ("h100", "torch26", 'uv pip install "onnxruntime-gpu[cuda,cudnn]"'),
    ("h100", "onnxruntime123", 'uv pip install "optimum[onnxruntime]"'),
    ("h100", "onnxruntime123", "uv pip install fastembed"),
    ("h100", "torch26", "uv pip install -U torch"),
    ("h100", "torch26", "uv pip install xformers"),
    ("h100", "tensorflow215", "uv pip install torch"),
    ("h100", "tensorflow215", 'uv pip install "numpy>=2"'),
    ("h100", "tensorflow215", "uv pip install -U keras"),
    ("h100", "jax08", "uv pip install torch"),
    ("h100", "jax08", "uv pip install -U jax"),
    ("h100", "jax08", "uv pip install jaxlib==0.7.0 --no-deps"),
    ("h100", "torch26", "uv pip install torchaudio"),
    ("a100-535", "torch26", "uv pip install -U torch"),
    ("a100-535", "torch26", 'uv pip install "jax[cuda13]"'),
    ("a100-535", "torch26", "uv pip install onnxruntime-gpu"),
    ("v100", "torch26", 'uv pip install "torch>=2.8"'),
    ("v100", "torch26", "uv pip install vllm"),
    ("v100", "empty", "uv pip install torch"),
    ("a100-535", "empty", "uv pip install torch"),
    ("a100-535", "empty", 'uv pip install "jax[cuda13]"'),
    ("no-gpu", "onnxruntime123", "uv pip install onnxruntime"),
    ("h100", "torch26", "uv pip uninstall nvidia-cublas-cu12"),
    ("h100", "torch26", "uv pip uninstall nvidia-nvjitlink-cu12"),  # cuSPARSE needs it
    ("h100", "torch26", "uv pip uninstall nvidia-cusparselt-cu12"),  # libtorch_cuda needs it
    ("h100", "torch26", "uv pip uninstall triton"),  # torch.compile needs it
)

UNSEEN_HARMLESS = (
    ("h100", "torch26", 'uv pip install "jax[cuda12]"'),
    ("h100", "torch26", "uv pip install jax"),
    ("h100", "torch26", "uv pip install onnxruntime"),
    ("h100", "torch26", "uv pip install vllm"),
    ("h100", "torch26", 'uv pip install "tensorflow[and-cuda]"'),
    ("h100", "torch26", "uv pip install tensorflow-cpu"),
    ("h100", "tensorflow215", 'uv pip install "torch==2.2.0"'),
    ("h100", "jax08", 'uv pip install -U "jax[cuda12]"'),
    ("h100", "torch26", "uv pip install nvidia-cudnn-cu12==9.10.2.21"),
    ("h100", "torch26", "uv pip install -U nvidia-cudnn-cu12"),
    ("h100", "torch26", "uv pip install -U nvidia-nccl-cu12"),
    ("h100", "torch26", "uv pip install -U nvidia-cublas-cu12"),
    ("h100", "torch26", "uv pip install torchvision==0.22.0"),
    ("h100", "torch26", "uv pip install -U torchvision"),
    ("h100", "torch26", "uv pip install sentence-transformers"),
    ("h100", "torch26", "uv pip install ultralytics"),
    ("h100", "torch26", "uv pip install lightning"),
    ("h100", "torch26", "uv pip install cupy-cuda13x"),
    ("h100", "torch26", "uv pip install cupy-cuda12x"),
    ("h100", "torch26", "uv pip install ctranslate2"),
    ("h100", "empty", "uv pip install torch"),
    ("h100", "empty", "uv pip install tensorflow"),
    ("no-gpu", "torch26", "uv pip install onnxruntime"),
    ("h100", "torch26", "uv pip uninstall torch torchvision"),
)

# As those before, of other kinds: what one package drags along, files, constraints, extras, synchronisation.
DATA = "tests/guard/data"
LATER_BREAKING = (
    ("h100", "torch25", "pip install nvidia-cudnn-cu12==8.9.7.29"),
    ("h100", "tensorflow215", "pip install -U --upgrade-strategy eager h5py"),
    ("h100", "tensorflow215", "pip install tensorflow==2.18.0"),  # without its extra, so cuDNN 8.9 stays
    ("h100", "tensorflow215", "uv pip install tf-keras"),  # brings such a TensorFlow
    ("h100", "onnxruntime123", "pip install --pre onnxruntime"),
    ("h100", "onnxruntime123", f"pip install -r {DATA}/onnxruntime118.txt"),
    ("h100", "onnxruntime123", "uv pip install 'nvidia-cudnn-cu12<9'"),
    ("h100", "jax08", "pip install torch==2.5.1"),  # its cuDNN is older than the one that jaxlib is built with
    ("h100", "torch26", "uv pip install tensorflow"),  # it opens the cuDNN of torch, older than its own
    ("h100", "jax08", "uv pip install -U 'jax[cuda13]'"),
    ("h100", "jax08", "pip install tensorflow==2.15.1"),
    ("h100", "torch26", "pip install torch==2.4.1 --no-deps"),
    ("h100", "torch26", "pip uninstall -y nvidia-cusparse-cu12"),
    ("h100", "torch26", "uv pip uninstall nvidia-cuda-runtime-cu12"),
    ("h100", "torch26", "uv pip install 'tensorflow[and-cuda]==2.15.1'"),
    ("h100", "torch26", "pip install torch-tensorrt==2.5.0 --no-deps"),
    ("h100", "torch26", f"uv pip sync {DATA}/torch_alone.txt"),
    ("v100", "torch26", "pip install torch==2.9.1"),
)
LATER_HARMLESS = (
    ("h100", "torch26", f"pip install -c {DATA}/torchvision016.txt torchvision"),  # torch goes back with it
    ("h100", "torch26", "pip install -U --upgrade-strategy eager torchvision"),
    ("h100", "torch26", "pip install --pre rich"),
    ("h100", "torch26", f"uv pip install -r {DATA}/plain.txt"),
    ("h100", "torch26", "uv pip install 'transformers[torch]'"),
    ("h100", "torch26", "pip install accelerate diffusers"),
    ("h100", "torch26", "pip install opencv-python-headless"),
    ("h100", "torch26", "uv pip install nvidia-nccl-cu12==2.25.1"),
    ("h100", "torch26", "python -m pip install --no-deps torchmetrics"),
    ("a100-535", "torch26", "pip install torch==2.8.0 torchvision==0.23.0"),
    ("h100", "torch25", "pip install torch==2.6.0 torchvision==0.21.0"),
    ("h100", "tensorflow215", "pip install h5py scipy==1.11.4"),
    ("h100", "tensorflow215", "pip install tensorboard==2.15.2"),
    ("h100", "tensorflow215", "uv pip install keras==2.15.0"),
    ("h100", "jax08", "uv pip install equinox optax"),
    ("h100", "jax08", "pip install 'jax[cuda12]==0.8.0'"),
    ("h100", "jax08", "pip install scipy==1.16.0"),
    ("h100", "onnxruntime123", "pip install 'numpy<2'"),
    ("h100", "onnxruntime123", "uv pip install 'onnxruntime-gpu[cuda,cudnn]==1.23.0'"),
    ("h100", "onnxruntime123", "pip install onnxruntime-gpu==1.23.2"),
)

# Written on 2026-11-23 before any was run: what is taken back or taken away, projects, constraints, reinstallations.
SIXTH_BREAKING = (
    ("h100", "torch26", "uv pip install nvidia-nccl-cu12==2.18.1"),  # torch calls what came with 2.19
    ("h100", "torch26", "pip install --no-deps nvidia-cublas-cu12==12.1.3.1"),
    ("h100", "torch26", f"uv pip install -U -c {DATA}/nccl218.txt nvidia-nccl-cu12"),
    ("h100", "torch26", f"uv pip install -r {DATA}/cudnn8.txt"),
    ("h100", "torch26", "uv pip uninstall nvidia-nccl-cu12"),
    ("h100", "torch26", "pip uninstall -y nvidia-cufft-cu12 nvidia-curand-cu12"),
    ("h100", "torch26", "pip uninstall -y torch"),  # torchvision stays
    ("h100", "torch26", "uv pip install --no-deps --reinstall torchvision==0.20.1"),
    ("h100", "torch26", f"uv pip install -e {DATA}/old_torch"),
    ("h100", "torch26", f"pip install {DATA}/old_torch"),
    ("h100", "torch26", "pip install --no-deps triton==2.1.0"),
    ("h100", "tensorflow215", "pip install -U tensorflow"),
    ("h100", "tensorflow215", "uv pip install 'ml-dtypes>=0.5'"),
    ("h100", "jax08", "uv pip install 'nvidia-cudnn-cu12<9.8' --no-deps"),
    ("h100", "jax08", "pip install -U jax"),
    ("h100", "jax08", "pip uninstall -y jax-cuda12-plugin"),
    ("h100", "jax08", "uv pip uninstall jaxlib"),
    ("h100", "onnxruntime123", "uv pip install 'onnxruntime==1.22.0'"),
    ("h100", "onnxruntime123", "pip uninstall -y nvidia-cudnn-cu12"),
    ("v100", "torch26", f"uv pip sync {DATA}/torch29.txt"),
)
SIXTH_HARMLESS = (
    ("h100", "torch26", "pip download torch==2.0.0 -d x --no-deps"),
    ("h100", "torch26", "pip install --target x torch==2.0.0"),
    ("h100", "torch26", "pip install --no-deps --force-reinstall numpy==1.26.4"),
    ("h100", "torch26", "uv pip install --reinstall-package numpy numpy==1.26.4 --no-deps"),
    ("h100", "torch26", f"pip install -e {DATA}/plain_project"),
    ("h100", "torch26", f"uv pip install {DATA}/plain_project"),
    ("h100", "torch26", "pip install 'requests[socks]' httpx"),
    ("h100", "torch26", "uv tool install ruff"),
    ("h100", "torch26", "pipx install black"),
    ("h100", "torch26", "uv pip install --upgrade pip setuptools wheel"),
    ("h100", "torch26", "pip uninstall -y pillow markupsafe"),
    ("h100", "torch26", "uv pip install gradio streamlit"),
    ("h100", "torch26", "pip install nvidia-ml-py"),
    ("h100", "torch26", "uv pip install datasets evaluate"),
    ("h100", "tensorflow215", "pip install protobuf==4.25.8"),
    ("h100", "jax08", "uv pip install numpyro blackjax --no-deps"),
    ("h100", "jax08", "pip install -U scipy numpy"),
    ("h100", "onnxruntime123", "uv pip install onnxruntime-gpu==1.22.0"),
)
ALL_BREAKING = (*BREAKING, *UNSEEN_BREAKING, *LATER_BREAKING, *SIXTH_BREAKING)
ALL_HARMLESS = (*HARMLESS, *UNSEEN_HARMLESS, *LATER_HARMLESS, *SIXTH_HARMLESS)
