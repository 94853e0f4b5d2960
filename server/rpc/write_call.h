// One Blobs.Write: chunks in order to one upload. The next chunk is read from the network only when
// the one before is on its way to the disk, so a slow disk slows the client down.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "server/jobs/blob_store.h"
#include "server/rpc/rpc_context.h"
#include "smelt/v1/blobs.pb.h"

namespace smelt::rpc {

// The reactor owns itself. `response` is the call's.
grpc::ServerReadReactor<v1::WriteRequest>* StartBlobWrite(const RpcContext& context,
                                                          jobs::BlobStore& blobs,
                                                          v1::WriteResponse* response);

}  // namespace smelt::rpc
