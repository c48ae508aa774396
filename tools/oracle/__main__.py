"""Prints what one prompt gives; see __init__.py."""

import argparse

import numpy as np

import oracle


def main():
    parser = argparse.ArgumentParser(description=oracle.__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("ids", help="token ids, comma separated")
    parser.add_argument("--token", type=int, default=-1)
    parser.add_argument("--threshold", type=float, default=0.04)
    options = parser.parse_args()
    model = oracle.load_model(options.model)
    trace = oracle.run(model, [int(i) for i in options.ids.split(",")])
    logits = trace.logits[-1].astype(np.float64)
    chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    for token in np.argsort(-logits)[:10]:
        print(f"{token:7d}  logit {logits[token]:8.3f}  probability {chances[token]:.4f}")
    print(f"conservation error {oracle.conservation_error(trace):.2e}")
    all_shares = [oracle.shares(layer) for layer in trace.layers]
    for renormalize in (True, False):
        route = oracle.extract_route(
            all_shares, options.token, options.threshold, renormalize, trace.parallel
        )
        print(
            f"renormalize {renormalize}: {len(route.nodes)} nodes, {len(route.edges)} edges,"
            f" {route.n_merged_edges()} merged, {sum(n['diffuse'] for n in route.nodes.values())} diffuse"
        )


if __name__ == "__main__":
    main()
