// The Blobs service: uploads that resume, ranged downloads, and which blobs are missing.
#pragma once

#include <memory>

#include "server/jobs/blob_store.h"
#include "server/rpc/rpc_context.h"

namespace grpc {
class Service;
}

namespace smelt::rpc {

inline constexpr int kMaxFindMissing = 1000;

// `files` is the context of calls that read or write blobs, with an executor of their own: the
// first read of a large blob hashes it, and that must not keep short calls waiting. `blobs`
// outlives the server.
std::shared_ptr<grpc::Service> MakeBlobsService(const RpcContext& context, const RpcContext& files,
                                                jobs::BlobStore& blobs);

}  // namespace smelt::rpc
