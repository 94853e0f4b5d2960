#include "server/rpc/blobs_service.h"

#include <vector>

#include "server/jobs/operation.h"
#include "server/rpc/read_call.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/write_call.h"
#include "smelt/v1/blobs.grpc.pb.h"

namespace smelt::rpc {
namespace {

constexpr std::string_view kService = "smelt.v1.Blobs";

Result<v1::FindMissingResponse> FindMissing(jobs::BlobStore& blobs,
                                            const v1::FindMissingRequest& request) {
  if (request.digests_size() > kMaxFindMissing) {
    return Status(Reason::kInvalidArgument, "digests: at most 1,000 a call");
  }
  std::vector<Digest> digests;
  for (const v1::Digest& proto : request.digests()) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest, jobs::FromProto(proto));
    digests.push_back(digest);
  }
  SMELT_ASSIGN_OR_RETURN(const std::vector<Digest> missing, blobs.FindMissing(digests));
  v1::FindMissingResponse response;
  for (const Digest& digest : missing) *response.add_missing() = jobs::ToProto(digest);
  return response;
}

Result<v1::QueryWriteResponse> QueryWrite(jobs::BlobStore& blobs,
                                          const v1::QueryWriteRequest& request) {
  SMELT_ASSIGN_OR_RETURN(const jobs::UploadStatus status, blobs.QueryUpload(request.upload_id()));
  v1::QueryWriteResponse response;
  response.set_committed_bytes(status.committed_bytes);
  response.set_sealed(status.sealed);
  return response;
}

class BlobsService final : public v1::Blobs::CallbackService {
 public:
  BlobsService(const RpcContext& context, const RpcContext& files, jobs::BlobStore& blobs)
      : context_(context), files_(files), blobs_(blobs) {}

  grpc::ServerUnaryReactor* FindMissing(grpc::CallbackServerContext* call,
                                        const v1::FindMissingRequest* request,
                                        v1::FindMissingResponse* response) override {
    return RunUnary(context_, call, {kService, "FindMissing"}, response,
                    [this, request] { return rpc::FindMissing(blobs_, *request); });
  }

  grpc::ServerUnaryReactor* QueryWrite(grpc::CallbackServerContext* call,
                                       const v1::QueryWriteRequest* request,
                                       v1::QueryWriteResponse* response) override {
    return RunUnary(files_, call, {kService, "QueryWrite"}, response,
                    [this, request] { return rpc::QueryWrite(blobs_, *request); });
  }

  grpc::ServerReadReactor<v1::WriteRequest>* Write(grpc::CallbackServerContext*,
                                                   v1::WriteResponse* response) override {
    return StartBlobWrite(files_, blobs_, response);
  }

  grpc::ServerWriteReactor<v1::ReadResponse>* Read(grpc::CallbackServerContext*,
                                                   const v1::ReadRequest* request) override {
    return StartBlobRead(files_, blobs_, *request);
  }

 private:
  const RpcContext context_;
  const RpcContext files_;
  jobs::BlobStore& blobs_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeBlobsService(const RpcContext& context, const RpcContext& files,
                                                jobs::BlobStore& blobs) {
  return std::make_shared<BlobsService>(context, files, blobs);
}

}  // namespace smelt::rpc
