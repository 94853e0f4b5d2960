#include "client/net/calls.h"

#include "client/net/attempts.h"
#include "client/net/stubs.h"

namespace smelt::client {
namespace {

using JobsStub = v1::Jobs::StubInterface;
using InfoStub = v1::ServerInfo::StubInterface;

JobsStub& Jobs(Connection& connection) { return *connection.stubs().jobs; }
InfoStub& Info(Connection& connection) { return *connection.stubs().server_info; }

}  // namespace

Result<v1::Job> CreateJob(Connection& connection, const v1::CreateJobRequest& request) {
  SMELT_CHECK(!request.request_id().empty());
  return CallUnary(connection, Jobs(connection), &JobsStub::Create, request);
}

Result<v1::Job> GetJob(Connection& connection, const std::string& id) {
  v1::GetJobRequest request;
  request.set_id(id);
  return CallUnary(connection, Jobs(connection), &JobsStub::Get, request);
}

Result<v1::Job> CancelJob(Connection& connection, const std::string& id) {
  v1::CancelJobRequest request;
  request.set_id(id);
  return CallUnary(connection, Jobs(connection), &JobsStub::Cancel, request);
}

Result<v1::ListJobsResponse> ListJobs(Connection& connection, const v1::ListJobsRequest& request) {
  return CallUnary(connection, Jobs(connection), &JobsStub::List, request);
}

Result<v1::GetServerInfoResponse> GetServerInfo(Connection& connection) {
  return CallUnary(connection, Info(connection), &InfoStub::Get, v1::GetServerInfoRequest());
}

Result<v1::ListOperatorsResponse> ListOperators(Connection& connection) {
  return CallUnary(connection, Info(connection), &InfoStub::ListOperators,
                   v1::ListOperatorsRequest());
}

}  // namespace smelt::client
