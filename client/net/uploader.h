// Sends files to the daemon's blob store: only what is missing there, and from where an earlier
// attempt of anybody on this account stopped.
#pragma once

#include <span>
#include <string>

#include "client/files/model_file.h"
#include "client/net/channel.h"
#include "core/base/digest.h"
#include "core/base/result.h"

namespace smelt::client {

struct UploadFile {
  std::string name;  // for progress
  const ModelFile* file = nullptr;
  Digest digest;  // of the file: see HashFile
};

// Reads the whole file once. kIoError; kCancelled when interrupted.
Result<Digest> HashFile(Connection& connection, const ModelFile& file, const std::string& name);

// When it returns OK every file is stored. Files may repeat.
Status UploadMissing(Connection& connection, std::span<const UploadFile> files);

}  // namespace smelt::client
