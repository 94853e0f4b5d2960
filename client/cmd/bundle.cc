#include "client/cmd/bundle.h"

#include <filesystem>
#include <utility>

#include "client/files/external_data.h"
#include "client/files/external_scan.h"
#include "core/base/utf8.h"

namespace smelt::client {

namespace {

Result<Bundle> OpenModel(Session& session, const std::string& path) {
  Bundle bundle;
  SMELT_ASSIGN_OR_RETURN(ModelFile model, session.OpenInput(path));
  ExternalScan scan;
  {
    SMELT_ASSIGN_OR_RETURN(const SharedBytes bytes, model.Map());
    scan = ScanExternalData(bytes.span());
  }
  bundle.files.push_back(std::move(model));
  if (path == "-") {
    bundle.file_name = "model.onnx";
    SMELT_RETURN_IF_ERROR(RefuseExternalFiles(scan.locations));
    return bundle;
  }
  bundle.file_name = ToUtf8(std::filesystem::path(path).filename().string());
  bundle.paths.push_back(path);
  SMELT_ASSIGN_OR_RETURN(const std::vector<ExternalFile> external,
                         ResolveExternalFiles(path, scan.locations));
  for (const ExternalFile& file : external) {
    SMELT_ASSIGN_OR_RETURN(ModelFile data, ModelFile::Open(file.path));
    bundle.files.push_back(std::move(data));
    bundle.locations.push_back(file.location);
    bundle.paths.push_back(file.path);
  }
  return bundle;
}

}  // namespace

Result<Bundle> OpenBundle(Session& session, const SubmitOptions& options) {
  // Opened first: a wrong path is said before standard input is read.
  SMELT_ASSIGN_OR_RETURN(std::vector<CalibrationInput> calibration,
                         OpenCalibration(options.calibration));
  SMELT_ASSIGN_OR_RETURN(Bundle bundle, OpenModel(session, options.model));
  bundle.calibration = std::move(calibration);
  for (const CalibrationInput& input : bundle.calibration) bundle.paths.push_back(input.path);
  return bundle;
}

Result<Bundle> OpenSingleFile(Session& session, const std::string& path) {
  Bundle bundle;
  SMELT_ASSIGN_OR_RETURN(ModelFile file, session.OpenInput(path));
  bundle.files.push_back(std::move(file));
  const bool is_stream = path == "-";
  bundle.file_name = is_stream ? "model" : ToUtf8(std::filesystem::path(path).filename().string());
  if (!is_stream) bundle.paths.push_back(path);
  return bundle;
}

}  // namespace smelt::client
