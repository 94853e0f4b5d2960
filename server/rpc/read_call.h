// One Blobs.Read: a part of a blob in chunks. The disk is read only as fast as the client reads.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "server/jobs/blob_store.h"
#include "server/rpc/rpc_context.h"
#include "smelt/v1/blobs.pb.h"

namespace smelt::rpc {

// The reactor owns itself.
grpc::ServerWriteReactor<v1::ReadResponse>* StartBlobRead(const RpcContext& context,
                                                          jobs::BlobStore& blobs,
                                                          const v1::ReadRequest& request);

}  // namespace smelt::rpc
