#include "server/runner/worker_main.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "server/runner/job.h"
#include "server/runner/sandbox.h"
#include "server/runner/worker_flags.h"

namespace smelt::runner {
namespace {

struct Inbox {
  std::promise<worker::v1::Start> start;
  CancelToken cancel;
};

// Reads the daemon's frames for the life of the process. The end of the stream means that the
// daemon died: nobody wants the result, so the process ends without ceremony.
void ReadFrames(workers::FrameChannel& channel, Inbox& inbox) {
  bool started = false;
  for (;;) {
    Result<std::optional<worker::v1::Frame>> frame = channel.Receive();
    if (!frame.ok() || !frame->has_value()) ::_exit(1);
    switch ((*frame)->kind_case()) {
      case worker::v1::Frame::kStart:
        if (started) ::_exit(1);
        started = true;
        inbox.start.set_value(std::move(*(*frame)->mutable_start()));
        break;
      case worker::v1::Frame::kCancel:
        inbox.cancel.Cancel();
        break;
      case worker::v1::Frame::kReady:
      case worker::v1::Frame::kProgress:
      case worker::v1::Frame::kDone:
      case worker::v1::Frame::KIND_NOT_SET:
        ::_exit(1);  // not the daemon's to send
    }
  }
}

worker::v1::Frame ReadyFrame(const std::vector<Rung>& rungs) {
  worker::v1::Frame frame;
  worker::v1::Ready* ready = frame.mutable_ready();
  for (const Rung& rung : rungs) {
    if (rung.active()) {
      ready->add_sandbox_active(rung.name);
    } else {
      ready->add_sandbox_inactive(rung.name + ": " + rung.why_not);
    }
  }
  return frame;
}

[[noreturn]] void Leave(int code) {
  std::fflush(nullptr);
  // Nothing left to save, and unmapping a large model takes time. Sanitizers check at exit.
  if (SanitizerBuild()) std::exit(code);
  ::_exit(code);
}

int Serve(const WorkerFlags& flags, const Library& library) {
  // Early for the time until the sandbox stands; the parent may have died before this line.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (flags.parent_pid != 0 && ::getppid() != flags.parent_pid) return 1;
  CloseInherited(std::max(flags.channel_fd, STDERR_FILENO));
  PreparePeakRss();  // the last path that is opened
  std::vector<Rung> rungs = EnterBeforeThreads(flags.limits);

  // Both live until the process ends: the reader thread is never joined.
  auto* channel = new workers::FrameChannel(UniqueFd(flags.channel_fd));
  auto* inbox = new Inbox;
  static workers::FrameChannel* keep_channel = channel;  // reachable, as the leak check asks
  static Inbox* keep_inbox = inbox;
  std::future<worker::v1::Start> start = inbox->start.get_future();
  std::thread([] { ReadFrames(*keep_channel, *keep_inbox); }).detach();

  for (Rung& rung : EnterAfterThreads()) rungs.push_back(std::move(rung));
  if (!channel->Send(ReadyFrame(rungs)).ok()) return 1;

  const worker::v1::Start job = start.get();
  const std::vector<UniqueFd> descriptors = channel->TakeDescriptors();
  worker::v1::Frame answer;
  *answer.mutable_done() = RunJob(library, job, descriptors, *channel, inbox->cancel);
  Leave(channel->Send(answer).ok() ? 0 : 1);
}

}  // namespace

int WorkerMain(int argc, char** argv, const Library& library) {
  const Result<WorkerFlags> flags = ParseWorkerFlags(argc, argv);
  if (!flags.ok()) {
    std::fprintf(stderr, "smelt-worker: %s\n", flags.status().ToString().c_str());
    return 2;
  }
  if (!flags->print_support.empty()) {
    const Result<std::string> text = library.print_support(flags->print_support);
    if (!text.ok()) {
      std::fprintf(stderr, "smelt-worker: %s\n", text.status().ToString().c_str());
      return 2;
    }
    const bool written = std::fwrite(text->data(), 1, text->size(), stdout) == text->size() &&
                         std::fflush(stdout) == 0;
    return written ? 0 : 1;
  }
  return Serve(*flags, library);
}

}  // namespace smelt::runner
