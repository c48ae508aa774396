"""What the machine could do at best, and how much of it was reached.

The least time of a pass is that of its matrix products at the machine's rate in float32, or of reading its weights once at the
machine's rate of reading, whichever is longer. Everything else (norms, activations, the correction terms of shares) comes
on top, so 100 % cannot be reached.
"""


def forward_work(info, n_tok):
    """-> operations, bytes. Logits are those of the last token, as limpid and all competitors compute."""
    spec = info["spec"]
    packed = info["memory"]["packed_bytes"]  # float32 matrices of the layers
    pairs = n_tok * (n_tok + 1) / 2
    attention = (
        4 * spec["n_layer"] * spec["n_head"] * spec["d_head"] * pairs
    )  # scores, and values weighted by them
    return 2 * n_tok * packed / 4 + attention + 2 * spec["d_model"] * spec["n_vocab"], packed


def contribution_work(info, n_tok):
    """-> operations, bytes of the cheapest exact form: with s = sign(y), the part z of a state y adds z . s to the proximity,
    and corrections where |z_i| > |y_i|, which are not counted. z . s = A[q,k] v[k] . (W_O s[q]): one product of the
    size of the output projection, then d_head numbers for each query, key and head."""
    spec = info["spec"]
    width = spec["n_head"] * spec["d_head"]
    pairs = n_tok * (n_tok + 1) / 2
    operations = spec["n_layer"] * (2 * n_tok * spec["d_model"] * width + 2 * width * pairs)
    return operations, 4 * spec["n_layer"] * spec["d_model"] * width


def least_seconds(work, roofline):
    operations, n_bytes = work
    return max(operations / (1e9 * roofline["f32_gflops"]), n_bytes / (1e9 * roofline["read_gbytes"]))


def reached(phase, seconds, info, n_tok, roofline):
    """Share of the limit: 1 would be the least time. None for a phase without one."""
    work = {"forward": forward_work, "contributions": contribution_work}.get(phase)
    if work is None or not roofline or seconds <= 0:
        return None
    return least_seconds(work(info, n_tok), roofline) / seconds
