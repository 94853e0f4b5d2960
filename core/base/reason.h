// The identity of every error: a stable number and a stable snake_case name.
//
// Numbers are grouped (see reason.cc) and never reused. Users match on the name, dashboards label
// by it; the text of a message may change, the name never does. `core/REASONS.md` is printed from
// the same table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace smelt {

enum class Reason : std::uint16_t {
  kOk = 0,
  // 10xx operator and opset
  kUnsupportedOnnxOp = 1001,
  kUnsupportedDomain = 1002,
  kUnsupportedOpset = 1003,
  kCustomOpCandidateDisabled = 1004,
  kCustomOpNotInAllowlist = 1005,
  kRuntimeOperatorUnsupported = 1006,
  kNotChecked = 1007,
  kCustomOpLowered = 1008,
  kRuntimeVersionUnsupported = 1009,
  // 11xx types and shapes
  kUnsupportedType = 1101,
  kUnsupportedRank = 1102,
  kShapeMismatch = 1103,
  kTypeMismatch = 1104,
  kUnknownRank = 1105,
  kDynamicDimensionUnsupported = 1106,
  kRuntimeTypeUnsupported = 1107,
  kRuntimeRankUnsupported = 1108,
  kUnknownDimensionName = 1109,
  kValueOutOfRange = 1110,
  kTransposeLeft = 1111,
  kUnknownTensorName = 1112,
  kComputeTypeChanged = 1113,
  // 12xx attributes and operands
  kUnsupportedAttributeValue = 1201,
  kMissingAttribute = 1202,
  kAttributeTypeMismatch = 1203,
  kRequiresConstantInput = 1204,
  kMissingInput = 1205,
  kTooManyInputs = 1206,
  kUnknownAttribute = 1207,
  kUnsupportedOutputs = 1208,
  // 13xx quantization
  kQuantizationUnsupported = 1301,
  kWeightsKeptFloat = 1302,
  kCalibrationDataInvalid = 1310,
  kUncalibrated = 1311,
  // 14xx graph structure
  kGraphCycle = 1401,
  kDuplicateName = 1402,
  kUndefinedName = 1403,
  kEmptyGraph = 1404,
  kNoOutputs = 1405,
  kMissingTypeInformation = 1406,
  kSplitUnsupported = 1407,
  // 15xx limits
  kDimensionOverflow = 1501,
  kTensorTooLarge = 1502,
  kNestingTooDeep = 1503,
  kModelTooLarge = 1504,
  kOutOfMemory = 1505,
  kTooManyNodes = 1506,
  kSplitOperatorTooLarge = 1507,
  kSplitNotNeeded = 1508,
  // 16xx payloads and external data
  kExternalDataMissing = 1601,
  kExternalPathEscapes = 1602,
  kExternalDataRange = 1603,
  kPayloadSizeMismatch = 1604,
  // 17xx writer and verifier
  kArtifactInvalid = 1701,
  kVerificationMismatch = 1702,
  kArtifactTooLarge = 1703,
  kAccuracyBelowThreshold = 1704,
  // 18xx model container
  kNotAModel = 1801,
  kModelTruncated = 1802,
  kModelMalformed = 1803,
  // 19xx the program itself
  kInternalError = 1901,
  kCancelled = 1902,
  kIoError = 1903,
  kInvalidArgument = 1904,
  // 20xx job
  kJobNotFound = 2001,
  kRequestIdReused = 2002,
  kQueueFull = 2003,
  kDraining = 2004,
  kWorkerCrashed = 2005,
  kWorkerTimeout = 2006,
  kWorkerOutOfMemory = 2007,
  kWorkerSyscallDenied = 2008,
  kWorkerProtocol = 2009,
  kInvalidPageToken = 2010,
  kImpossibleTransition = 2011,
  kEventsPruned = 2012,
  kReportNotReady = 2013,
  kWorkerUnavailable = 2014,
  kConcurrentUpdate = 2015,
  // 21xx blobs
  kBlobMissing = 2101,
  kDigestMismatch = 2102,
  kWriteOffset = 2103,
  kBlobTooLarge = 2104,
  kStorageFull = 2105,
  kInvalidDigest = 2106,
  kUploadNotFound = 2107,
  kBlobCorrupt = 2108,
  // 22xx access
  kPermissionDenied = 2201,
  // 24xx client and configuration
  kServerUnavailable = 2401,
  kUsage = 2402,
  kConfigInvalid = 2403,
  kDeadlineExceeded = 2404,
};

struct ReasonInfo {
  Reason reason;
  std::string_view name;     // snake_case, stable
  std::string_view meaning;  // one sentence: when this is said
  std::string_view remedy;   // one sentence: what the reader can do; the default hint
};

// Every reason but kOk, ordered by number.
std::span<const ReasonInfo> AllReasons();

// "ok" for kOk.
std::string_view ReasonName(Reason reason);
const ReasonInfo& GetReasonInfo(Reason reason);
std::optional<Reason> ReasonFromName(std::string_view name);

}  // namespace smelt
