# docker build -t denoise . && docker run -p 7860:7860 denoise
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 denoise
WORKDIR /app

COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt

COPY LICENSE README.md app.py ./
COPY denoise ./denoise
COPY weights ./weights

USER denoise
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 PYTHONUNBUFFERED=1
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'] + '/healthz', timeout=4)"]

CMD ["python", "app.py"]
