#include "client/view/exit_code.h"

namespace smelt::client {

// No default: a new reason does not compile until somebody has said what a script should see.
ExitCode ExitCodeFor(Reason reason) {
  // clang-format off
  switch (reason) {
    case Reason::kOk:
      return ExitCode::kOk;
    case Reason::kUnsupportedOnnxOp: case Reason::kUnsupportedDomain:
    case Reason::kUnsupportedOpset: case Reason::kCustomOpCandidateDisabled:
    case Reason::kCustomOpNotInAllowlist: case Reason::kRuntimeOperatorUnsupported:
    case Reason::kNotChecked: case Reason::kCustomOpLowered:
    case Reason::kRuntimeVersionUnsupported:
    case Reason::kUnsupportedType: case Reason::kUnsupportedRank:
    case Reason::kShapeMismatch: case Reason::kTypeMismatch: case Reason::kUnknownRank:
    case Reason::kDynamicDimensionUnsupported: case Reason::kRuntimeTypeUnsupported:
    case Reason::kRuntimeRankUnsupported: case Reason::kUnknownDimensionName:
    case Reason::kValueOutOfRange: case Reason::kTransposeLeft:
    case Reason::kUnknownTensorName: case Reason::kComputeTypeChanged:
    case Reason::kUnsupportedAttributeValue:
    case Reason::kMissingAttribute: case Reason::kAttributeTypeMismatch:
    case Reason::kRequiresConstantInput: case Reason::kMissingInput: case Reason::kTooManyInputs:
    case Reason::kUnknownAttribute: case Reason::kUnsupportedOutputs:
    case Reason::kQuantizationUnsupported: case Reason::kWeightsKeptFloat:
    case Reason::kCalibrationDataInvalid: case Reason::kUncalibrated:
    case Reason::kGraphCycle: case Reason::kDuplicateName:
    case Reason::kUndefinedName: case Reason::kEmptyGraph: case Reason::kNoOutputs:
    case Reason::kMissingTypeInformation: case Reason::kSplitUnsupported:
    case Reason::kDimensionOverflow: case Reason::kSplitOperatorTooLarge:
    case Reason::kSplitNotNeeded:
    case Reason::kTensorTooLarge: case Reason::kNestingTooDeep: case Reason::kModelTooLarge:
    case Reason::kOutOfMemory: case Reason::kTooManyNodes: case Reason::kExternalDataMissing:
    case Reason::kExternalPathEscapes: case Reason::kExternalDataRange:
    case Reason::kPayloadSizeMismatch: case Reason::kArtifactInvalid:
    case Reason::kVerificationMismatch: case Reason::kArtifactTooLarge:
    case Reason::kAccuracyBelowThreshold: case Reason::kNotAModel:
    case Reason::kModelTruncated: case Reason::kModelMalformed:
    // How a worker died is the result of its job.
    case Reason::kWorkerCrashed: case Reason::kWorkerTimeout: case Reason::kWorkerOutOfMemory:
    case Reason::kWorkerSyscallDenied: case Reason::kWorkerProtocol:
      return ExitCode::kConversionFailed;
    case Reason::kUsage: case Reason::kConfigInvalid: case Reason::kInvalidArgument:
    case Reason::kInvalidDigest: case Reason::kInvalidPageToken: case Reason::kRequestIdReused:
      return ExitCode::kUsage;
    case Reason::kPermissionDenied:
      return ExitCode::kAccess;
    case Reason::kJobNotFound: case Reason::kBlobMissing: case Reason::kUploadNotFound:
    case Reason::kReportNotReady: case Reason::kEventsPruned:
      return ExitCode::kNotFound;
    case Reason::kQueueFull: case Reason::kBlobTooLarge: case Reason::kStorageFull:
      return ExitCode::kBusy;
    case Reason::kServerUnavailable: case Reason::kDraining: case Reason::kWorkerUnavailable:
      return ExitCode::kUnavailable;
    case Reason::kDeadlineExceeded:
      return ExitCode::kTimeout;
    case Reason::kCancelled:
      return ExitCode::kCancelled;
    case Reason::kInternalError: case Reason::kIoError: case Reason::kImpossibleTransition:
    case Reason::kDigestMismatch: case Reason::kWriteOffset: case Reason::kConcurrentUpdate:
    case Reason::kBlobCorrupt:
      return ExitCode::kInternal;
  }
  // clang-format on
  return ExitCode::kInternal;  // a number that is no reason at all
}

}  // namespace smelt::client
