// Session: what one run of the command line has at hand: streams, settings, progress, and the
// connection once something asks for it. One thread.
#pragma once

#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "client/cmd/job_note.h"
#include "client/files/model_file.h"
#include "client/net/channel.h"
#include "client/net/interrupt.h"
#include "client/settings/settings.h"
#include "client/settings/sources.h"
#include "client/view/progress.h"
#include "client/view/text.h"
#include "core/base/result.h"

namespace google::protobuf {
class Message;
}

namespace smelt::client {

// The world outside, so that tests can stand in for it. Everything outlives the session.
struct Surroundings {
  std::istream& in;
  std::ostream& out;  // results
  Screen err;         // progress and messages
  bool out_colored = false;
  Environment environment;
  Interrupt& interrupt;
};

enum class OutputFormat : std::uint8_t { kText, kJson };

class Session {
 public:
  Session(const Surroundings& surroundings, Settings settings, OutputFormat format);

  std::istream& in() { return surroundings_.in; }
  std::ostream& out() { return surroundings_.out; }
  std::ostream& err() { return *surroundings_.err.out; }
  Ink out_ink() const { return Ink(surroundings_.out_colored); }
  Ink err_ink() const { return Ink(surroundings_.err.colored); }
  Interrupt& interrupt() { return surroundings_.interrupt; }
  const Settings& settings() const { return settings_; }
  bool json() const { return format_ == OutputFormat::kJson; }
  bool quiet() const { return settings_.progress.value == "quiet"; }

  // Talks to another daemon than the settings say, which is gone when this run is over. Before the
  // first use of connection().
  void UsePrivateServer(const std::string& address);
  bool server_is_private() const { return server_is_private_; }

  Connection& connection();
  Progress& progress();

  // The one JSON document of this run, printed at its end unless it fails. Requires json().
  void PrintJson(const google::protobuf::Message& message);
  void PrintJson(std::string document);
  const std::string& document() const { return document_; }

  // For a failure of this run. Set once the daemon has the job, and again as the job changes.
  void SetJobNote(JobNote note) { job_note_ = std::move(note); }
  const JobNote& job_note() const { return job_note_; }

  // A file, or for "-" all of standard input: Ctrl-C then ends the process, because a read from a
  // terminal or a pipe can't be woken. Before anything was sent or written. kUsage, kIoError.
  Result<ModelFile> OpenInput(const std::string& path);

  // A command of ours for the user to paste, with the address when it is not the usual one:
  // CommandLine("watch 01J...") is "smelt watch 01J... --server ...".
  std::string CommandLine(const std::string& arguments) const;

 private:
  Surroundings surroundings_;
  Settings settings_;
  OutputFormat format_;
  bool server_is_private_ = false;
  std::string document_;
  JobNote job_note_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace smelt::client
