// smelt-worker-chaos: the worker process without the conversion library: it behaves, or
// misbehaves, as the model's file name says. Test binary only, never installed.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/digest.h"
#include "server/runner/worker_main.h"
#include "smelt/v1/report.pb.h"

namespace smelt {
namespace {

using std::chrono::milliseconds;

void NameArtifact(const Digest& digest, v1::Report* report) {
  report->set_state("succeeded");
  v1::Artifact* artifact = report->add_artifacts();
  artifact->set_name("copy.bin");
  artifact->set_kind("copy");
  artifact->mutable_digest()->set_sha256(digest.Hex());
  artifact->mutable_digest()->set_size_bytes(digest.size_bytes);
}

Status Copy(const ConvertRequest& request, ConvertSink& sink, const CancelToken&,
            v1::Report* report) {
  sink.OnProgress("write", 0, request.model.size(), "bytes");
  NameArtifact(Digest::Of(request.model.span()), report);
  return sink.Append(request.model.span());
}

Status SlowCopy(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
                v1::Report* report) {
  for (int i = 0; i < 20; ++i) {
    SMELT_RETURN_IF_ERROR(cancel.Check());
    sink.OnProgress("import", static_cast<std::uint64_t>(i), 20, "nodes");
    std::this_thread::sleep_for(milliseconds(10));
  }
  return Copy(request, sink, cancel, report);
}

// Runs until it is cancelled, and says so as it should.
Status Wait(const ConvertRequest&, ConvertSink& sink, const CancelToken& cancel, v1::Report*) {
  for (std::uint64_t i = 0;; ++i) {
    SMELT_RETURN_IF_ERROR(cancel.Check());
    sink.OnProgress("passes", i, 0, "passes");
    std::this_thread::sleep_for(milliseconds(5));
  }
}

// Never looks at the token.
Status Hang(const ConvertRequest&, ConvertSink& sink, const CancelToken&, v1::Report*) {
  for (std::uint64_t i = 0;; ++i) {
    sink.OnProgress("passes", i, 0, "passes");
    std::this_thread::sleep_for(milliseconds(20));
  }
}

Status Crash(const ConvertRequest&, ConvertSink& sink, const CancelToken&, v1::Report*) {
  sink.OnProgress("import", 1, 2, "nodes");
  static_cast<void>(!::write(STDERR_FILENO, "last words\n", 11));
  ::signal(SIGSEGV, SIG_DFL);  // not the sanitizer's own report
  ::raise(SIGSEGV);
  return Status::Ok();
}

Status Allocate(const ConvertRequest&, ConvertSink&, const CancelToken&, v1::Report*) {
  std::vector<std::vector<char>> kept;
  for (;;) kept.emplace_back(std::size_t{16} << 20, 'x');
}

Status Socket(const ConvertRequest&, ConvertSink&, const CancelToken&, v1::Report* report) {
  ::socket(AF_INET, SOCK_STREAM, 0);
  report->set_state("failed");
  report->set_reason_code("internal_error");
  report->set_message("the sandbox allowed a socket");
  return Status::Ok();
}

Status OpenForWrite(const ConvertRequest&, ConvertSink&, const CancelToken&, v1::Report* report) {
  ::open("/tmp/smelt-chaos", O_WRONLY | O_CREAT, 0600);
  report->set_state("failed");
  report->set_reason_code("internal_error");
  report->set_message("the sandbox allowed a file to be written");
  return Status::Ok();
}

// Tries what the sandbox must refuse without killing, and fails when something works.
Status Peek(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
            v1::Report* report) {
  for (const char* path : {"/etc/passwd", "/proc/1/status", "."}) {
    if (::open(path, O_RDONLY) >= 0) {
      return Status(Reason::kInternalError, std::string("the sandbox let me read ") + path);
    }
  }
  for (int fd = 0; fd < 64; ++fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    if (fd != 3 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      return Status(Reason::kInternalError, "a socket of the daemon is open here");
    }
  }
  return Copy(request, sink, cancel, report);
}

Status Junk(const ConvertRequest&, ConvertSink&, const CancelToken&, v1::Report*) {
  static_cast<void>(!::write(3, "\xff\xff\xff\xffjunk", 8));
  for (;;) std::this_thread::sleep_for(milliseconds(1000));
}

Status ExitSilently(const ConvertRequest&, ConvertSink&, const CancelToken&, v1::Report*) {
  ::_exit(0);
}

Status ExitWithCode(const ConvertRequest&, ConvertSink&, const CancelToken&, v1::Report*) {
  ::_exit(3);
}

// Names other bytes than it wrote.
Status Lie(const ConvertRequest& request, ConvertSink& sink, const CancelToken&,
           v1::Report* report) {
  Digest digest = Digest::Of(request.model.span());
  digest.sha256[0] = static_cast<std::uint8_t>(digest.sha256[0] ^ 1);
  NameArtifact(digest, report);
  return sink.Append(request.model.span());
}

Status Refuse(const ConvertRequest&, ConvertSink&, const CancelToken&, v1::Report* report) {
  report->set_state("failed");
  report->set_reason_code("unsupported_onnx_op");
  report->set_message("a refusal");
  v1::Diagnostic* diagnostic = report->add_diagnostics();
  diagnostic->set_severity(v1::SEVERITY_ERROR);
  diagnostic->set_reason_code("unsupported_onnx_op");
  diagnostic->mutable_node()->set_op_type("NoSuchOperator");
  return Status::Ok();
}

struct Trick {
  std::string_view file_name;
  decltype(&Convert) run;
};

constexpr Trick kTricks[] = {
    {"chaos-copy", &Copy},     {"chaos-slow-copy", &SlowCopy}, {"chaos-wait", &Wait},
    {"chaos-hang", &Hang},     {"chaos-crash", &Crash},        {"chaos-allocate", &Allocate},
    {"chaos-socket", &Socket}, {"chaos-open", &OpenForWrite},  {"chaos-peek", &Peek},
    {"chaos-junk", &Junk},     {"chaos-exit0", &ExitSilently}, {"chaos-exit3", &ExitWithCode},
    {"chaos-lie", &Lie},       {"chaos-refuse", &Refuse},
};

Status ChaosConvert(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
                    v1::Report* report) {
  for (const Trick& trick : kTricks) {
    if (request.file_name == trick.file_name) return trick.run(request, sink, cancel, report);
  }
  return Status(Reason::kInvalidArgument, "no such trick: " + request.file_name);
}

// The same tricks.
Status ChaosInspect(const InspectRequest& request, ConvertSink& sink, const CancelToken& cancel,
                    v1::Report* report) {
  ConvertRequest same;
  same.model = request.model;
  same.file_name = request.file_name;
  return ChaosConvert(same, sink, cancel, report);
}

Result<std::string> ChaosSupport(std::string_view) {
  return std::string(R"({"source_format":"onnx","operators":[{"op_type":"Relu","since":6}]})");
}

}  // namespace
}  // namespace smelt

int main(int argc, char** argv) {
  return smelt::runner::WorkerMain(
      argc, argv, {&smelt::ChaosConvert, &smelt::ChaosInspect, &smelt::ChaosSupport});
}
