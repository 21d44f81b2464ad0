# docker build -t denoise . && docker run -p 7860:7860 denoise
ARG BASE=python:3.12-slim
FROM ${BASE}

# cpu, or cuda: some 4 GB larger.
ARG PYTORCH=cpu

RUN useradd --create-home --uid 1000 denoise
WORKDIR /app

COPY requirements.lock ./
# PyTorch without CUDA is on an index of its own, which uv knows; the lock does not have its hashes.
RUN if [ "$PYTORCH" = cpu ]; then \
      pip install --no-cache-dir uv && \
      uv pip install --system --no-cache --no-deps --torch-backend=cpu \
        $(sed -nE 's/^(torch[a-z]*==[0-9.]+).*/\1/p' requirements.lock) && \
      pip uninstall --yes uv && \
      sed -i -E '/^(cuda|nvidia|torch|triton)/,/[^\\]$/d' requirements.lock; \
    fi && \
    pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock

COPY LICENSE README.md app.py ./
COPY denoise ./denoise
COPY weights ./weights

USER denoise
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 PYTHONUNBUFFERED=1
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'] + '/healthz', timeout=4)"]

CMD ["python", "app.py"]
