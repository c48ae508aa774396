"""llama.cpp by way of llama-cpp-python: processing the prompt in one batch, logits of the last token. See runner.py.

It multiplies the weights as they are stored (Q4_1 with activations rounded to 8 bits), where the others compute in float32.
"""

from llama_cpp import Llama
from runner import seconds_of, serve


def load(job):
    longest = max(job["lengths"])
    llama = Llama(
        job["model"],
        n_ctx=longest + 8,
        n_batch=longest,
        n_ubatch=longest,
        n_threads=job["threads"],
        n_threads_batch=job["threads"],
        n_gpu_layers=0,
        use_mmap=False,  # weights count as loaded from the beginning
        verbose=False,
    )

    def run(ids):
        llama.reset()
        _, seconds = seconds_of(lambda: llama.eval(ids))
        return {"forward": seconds}

    return run


serve(load, ("llama-cpp-python",))
