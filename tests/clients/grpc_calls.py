"""gRPC for Python, a client of `dns:///`: calls until its standard input ends; prints who answered, or what failed."""

import select
import sys

import grpc

OPTIONS = [("grpc.lb_policy_name", "round_robin"), ("grpc.dns_min_time_between_resolutions_ms", 500)]


def main(target: str):
    with grpc.insecure_channel(target, options=OPTIONS) as channel:
        who = channel.unary_unary("/test.Who/Ask")
        while not select.select([sys.stdin], [], [], 0.01)[0]:
            try:
                print(who(b"", timeout=5).decode(), flush=True)
            except grpc.RpcError as error:
                print(f"error {error.code()} {error.details()}", flush=True)


main(sys.argv[1])
