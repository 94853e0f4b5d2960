// The generated stubs of one channel. Included by the sources of this folder only.
#pragma once

#include <memory>

#include <grpcpp/channel.h>

#include "client/net/channel.h"
#include "smelt/v1/blobs.grpc.pb.h"
#include "smelt/v1/jobs.grpc.pb.h"
#include "smelt/v1/server_info.grpc.pb.h"

namespace smelt::client {

struct Connection::Stubs {
  std::shared_ptr<grpc::Channel> channel;  // shared by gRPC's own design
  std::unique_ptr<v1::Blobs::Stub> blobs;
  std::unique_ptr<v1::Jobs::Stub> jobs;
  std::unique_ptr<v1::ServerInfo::Stub> server_info;
};

}  // namespace smelt::client
