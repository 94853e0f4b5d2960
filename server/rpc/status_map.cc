#include "server/rpc/status_map.h"

#include <cstddef>
#include <iterator>

namespace smelt::rpc {

// Exhaustive on purpose: a new reason does not compile until somebody chose its code.
grpc::StatusCode GrpcCode(Reason reason) {
  switch (reason) {
    case Reason::kOk:
      return grpc::StatusCode::OK;
    case Reason::kCancelled:
      return grpc::StatusCode::CANCELLED;
    case Reason::kJobNotFound:
    case Reason::kUploadNotFound:
      return grpc::StatusCode::NOT_FOUND;
    case Reason::kRequestIdReused:
      return grpc::StatusCode::ALREADY_EXISTS;
    case Reason::kReportNotReady:
    case Reason::kBlobMissing:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case Reason::kConcurrentUpdate:
    case Reason::kWriteOffset:
      return grpc::StatusCode::ABORTED;
    case Reason::kEventsPruned:
      return grpc::StatusCode::OUT_OF_RANGE;
    case Reason::kOutOfMemory:
    case Reason::kQueueFull:
    case Reason::kModelTooLarge:
    case Reason::kWorkerOutOfMemory:
    case Reason::kBlobTooLarge:
    case Reason::kStorageFull:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Reason::kDeadlineExceeded:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case Reason::kDraining:
    case Reason::kWorkerUnavailable:
    case Reason::kServerUnavailable:
      return grpc::StatusCode::UNAVAILABLE;
    case Reason::kPermissionDenied:
      return grpc::StatusCode::PERMISSION_DENIED;
    case Reason::kBlobCorrupt:
      return grpc::StatusCode::DATA_LOSS;
    case Reason::kArtifactInvalid:
    case Reason::kVerificationMismatch:
    case Reason::kArtifactTooLarge:
    case Reason::kInternalError:
    case Reason::kIoError:
    case Reason::kWorkerCrashed:
    case Reason::kWorkerTimeout:
    case Reason::kWorkerSyscallDenied:
    case Reason::kWorkerProtocol:
    case Reason::kImpossibleTransition:
    case Reason::kConfigInvalid:
      return grpc::StatusCode::INTERNAL;
    case Reason::kUnsupportedOnnxOp:
    case Reason::kUnsupportedDomain:
    case Reason::kUnsupportedOpset:
    case Reason::kCustomOpCandidateDisabled:
    case Reason::kCustomOpNotInAllowlist:
    case Reason::kRuntimeOperatorUnsupported:
    case Reason::kNotChecked:
    case Reason::kCustomOpLowered:
    case Reason::kRuntimeVersionUnsupported:
    case Reason::kUnsupportedType:
    case Reason::kUnsupportedRank:
    case Reason::kShapeMismatch:
    case Reason::kAccuracyBelowThreshold:
    case Reason::kTypeMismatch:
    case Reason::kUnknownRank:
    case Reason::kDynamicDimensionUnsupported:
    case Reason::kRuntimeTypeUnsupported:
    case Reason::kRuntimeRankUnsupported:
    case Reason::kUnknownDimensionName:
    case Reason::kValueOutOfRange:
    case Reason::kTransposeLeft:
    case Reason::kUnknownTensorName:
    case Reason::kComputeTypeChanged:
    case Reason::kUnsupportedAttributeValue:
    case Reason::kMissingAttribute:
    case Reason::kAttributeTypeMismatch:
    case Reason::kRequiresConstantInput:
    case Reason::kMissingInput:
    case Reason::kTooManyInputs:
    case Reason::kUnknownAttribute:
    case Reason::kUnsupportedOutputs:
    case Reason::kQuantizationUnsupported:
    case Reason::kWeightsKeptFloat:
    case Reason::kCalibrationDataInvalid:
    case Reason::kUncalibrated:
    case Reason::kGraphCycle:
    case Reason::kDuplicateName:
    case Reason::kUndefinedName:
    case Reason::kEmptyGraph:
    case Reason::kNoOutputs:
    case Reason::kMissingTypeInformation:
    case Reason::kSplitUnsupported:
    case Reason::kDimensionOverflow:
    case Reason::kTensorTooLarge:
    case Reason::kNestingTooDeep:
    case Reason::kTooManyNodes:
    case Reason::kSplitOperatorTooLarge:
    case Reason::kSplitNotNeeded:
    case Reason::kExternalDataMissing:
    case Reason::kExternalPathEscapes:
    case Reason::kExternalDataRange:
    case Reason::kPayloadSizeMismatch:
    case Reason::kNotAModel:
    case Reason::kModelTruncated:
    case Reason::kModelMalformed:
    case Reason::kInvalidArgument:
    case Reason::kInvalidPageToken:
    case Reason::kDigestMismatch:
    case Reason::kInvalidDigest:
    case Reason::kUsage:
      return grpc::StatusCode::INVALID_ARGUMENT;
  }
  return grpc::StatusCode::INTERNAL;
}

std::string_view CodeName(grpc::StatusCode code) {
  constexpr std::string_view kNames[] = {"OK",
                                         "CANCELLED",
                                         "UNKNOWN",
                                         "INVALID_ARGUMENT",
                                         "DEADLINE_EXCEEDED",
                                         "NOT_FOUND",
                                         "ALREADY_EXISTS",
                                         "PERMISSION_DENIED",
                                         "RESOURCE_EXHAUSTED",
                                         "FAILED_PRECONDITION",
                                         "ABORTED",
                                         "OUT_OF_RANGE",
                                         "UNIMPLEMENTED",
                                         "INTERNAL",
                                         "UNAVAILABLE",
                                         "DATA_LOSS",
                                         "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

}  // namespace smelt::rpc
