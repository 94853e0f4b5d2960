#include <CLI/CLI.hpp>
#include <filesystem>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/files/model_file.h"
#include "client/net/blob_digest.h"
#include "client/net/uploader.h"

namespace smelt::client {
namespace {

class PutVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("FILE", paths_, "Files; - is standard input")->required();
  }

  Result<ExitCode> Run(Session& session) override {
    std::vector<ModelFile> files;
    for (const std::string& path : paths_) {
      SMELT_ASSIGN_OR_RETURN(ModelFile file, session.OpenInput(path));
      files.push_back(std::move(file));
    }
    std::vector<UploadFile> uploads;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string name = std::filesystem::path(paths_[i]).filename().string();
      SMELT_ASSIGN_OR_RETURN(const Digest digest, HashFile(session.connection(), files[i], name));
      uploads.push_back({name, &files[i], digest});
    }
    SMELT_RETURN_IF_ERROR(UploadMissing(session.connection(), uploads));
    session.progress().Finish();
    Print(session, uploads);
    return ExitCode::kOk;
  }

 private:
  // One document for --json: the digest, or the list of them as a request for FindMissing names it.
  static void Print(Session& session, const std::vector<UploadFile>& uploads) {
    v1::FindMissingRequest digests;
    for (const UploadFile& upload : uploads) {
      *digests.add_digests() = ToWire(upload.digest);
      if (!session.json()) session.out() << BlobName(upload.digest) << '\n';
    }
    if (!session.json()) return;
    if (digests.digests_size() == 1) {
      session.PrintJson(digests.digests(0));
    } else {
      session.PrintJson(digests);
    }
  }

  std::vector<std::string> paths_;
};

}  // namespace

std::unique_ptr<Verb> MakePut() { return std::make_unique<PutVerb>(); }

}  // namespace smelt::client
