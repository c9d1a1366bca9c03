// gRPC for C++, a client of `dns:///`: calls until its standard input ends; prints who answered, or what went wrong.
// Compiled by grpc_test.py. The first line is the library's version.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>

namespace {

std::string bytes_of(grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  return buffer.DumpToSingleSlice(&slice).ok() ? std::string(slice.begin(), slice.end()) : std::string();
}

std::string call(grpc::GenericStub& stub) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  const grpc::Slice nothing("");
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::CompletionQueue queue;
  const auto pending = stub.PrepareUnaryCall(&context, "/test.Who/Ask", request, &queue);
  grpc::ByteBuffer reply;
  grpc::Status status;
  pending->StartCall();
  pending->Finish(&reply, &status, nullptr);
  void* tag = nullptr;
  bool well = false;
  queue.Next(&tag, &well);
  if (status.ok()) return bytes_of(reply);
  return "error " + std::to_string(status.error_code()) + " " + status.error_message();
}

bool over(std::chrono::milliseconds pause) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, static_cast<int>(pause.count())) != 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::cout << grpc::Version() << std::endl;
  if (std::string(argv[1]) == "--version") return 0;
  grpc::ChannelArguments options;
  options.SetLoadBalancingPolicyName("round_robin");
  options.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 500);
  grpc::GenericStub stub(grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), options));
  while (!over(std::chrono::milliseconds(10))) std::cout << call(stub) << std::endl;
  return 0;
}
