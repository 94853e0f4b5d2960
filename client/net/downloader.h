// Fetches blobs: resumed where a connection broke, and checked against their digest before anybody
// may use them.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "client/net/channel.h"
#include "core/base/digest.h"
#include "core/base/result.h"

namespace smelt::client {

// To PATH by way of a PartialFile; something that is not a plain file (a device, a pipe) is written
// into after the check. Errors: those of Blobs.Read, kBlobCorrupt, kIoError.
Status DownloadToFile(Connection& connection, const Digest& digest, const std::string& name,
                      const std::string& path);

// Nothing is written before the whole blob has arrived and is right.
Status DownloadToStream(Connection& connection, const Digest& digest, const std::string& name,
                        std::ostream& out);

// For reports. kBlobTooLarge above 1 GiB.
Result<std::string> DownloadToMemory(Connection& connection, const Digest& digest);

}  // namespace smelt::client
