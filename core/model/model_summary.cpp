// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/model_summary.h"

#include "core/error.h"
#include "core/model/gguf_file.h"
#include "core/model/json_text.h"
#include "core/model/mapped_file.h"
#include "core/model/open_model.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace bwla {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view cachePrefix = "models--";
constexpr int frontMatterLines = 60; ///< enough of a model card for its "license:" line

std::string trimmed(std::string text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"'; };
    while (!text.empty() && blank(text.back()))
        text.pop_back();
    std::size_t start = 0;
    while (start < text.size() && blank(text[start]))
        ++start;
    return text.substr(start);
}

/// "license: apache-2.0" of a model card's front matter (between lines "---").
std::string cardLicence(const fs::path& card) {
    std::ifstream file(card);
    std::string line;
    if (!std::getline(file, line) || trimmed(line) != "---")
        return {};
    for (int i = 0; i < frontMatterLines && std::getline(file, line) && trimmed(line) != "---"; ++i)
        if (line.starts_with("license:"))
            return trimmed(line.substr(8));
    return {};
}

std::string firstLine(const fs::path& file) {
    std::ifstream stream(file);
    std::string line;
    while (std::getline(stream, line))
        if (std::string text = trimmed(line); !text.empty())
            return isUtf8(text) ? text.substr(0, 80) : std::string();
    return {};
}

std::string licenceOf(const fs::path& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored))
        return GgufFile::open(path).metadata().text("general.license").value_or("");
    if (std::string licence = cardLicence(path / "README.md"); !licence.empty())
        return licence;
    for (const char* name : {"LICENSE", "LICENSE.txt", "LICENSE.md"})
        if (isThere(path / name))
            return firstLine(path / name);
    return {};
}

void addTokenizer(ModelSummary& summary, const OpenModel& model) {
    try {
        const TokenizerData data = model.tokenizer();
        summary.tokenizer = data.preTokenizer;
        summary.tokenizerTokens = static_cast<std::int64_t>(data.tokens.size());
        summary.chatTemplate = data.chatTemplate;
    } catch (const Error& error) {
        summary.tokenizerError = error;
    }
}

void addArtifact(ModelSummary& summary, const Artifact& artifact) {
    summary.ledger = artifact.ledger();
    summary.types = {"W1A" + std::to_string(artifact.activationBits())};
    std::ranges::copy(artifact.keptTypes(), std::back_inserter(summary.types));
    const Json config = parseJson(artifact.quantizationConfig(), artifact.path());
    summary.calibration = config.at("calibration").at("source").get<std::string>();
}

} // namespace

ModelSummary summarizeModel(const std::string& path) {
    const OpenModel model(path);
    ModelSummary summary;
    summary.path = path;
    summary.name = modelName(path);
    summary.config = model.config();
    summary.fileBytes = model.fileBytes();
    if (model.artifact() != nullptr) {
        summary.format = "BWLA";
        addArtifact(summary, *model.artifact());
    } else {
        std::error_code ignored;
        summary.format = fs::is_directory(path, ignored) ? "safetensors" : "GGUF";
        summary.types = model.source()->dtypes();
    }
    addTokenizer(summary, model);
    summary.licence = licenceOf(path);
    return summary;
}

std::string modelName(const fs::path& path) {
    const fs::path whole = path.lexically_normal();
    const fs::path last = (whole.has_filename() ? whole : whole.parent_path()).filename();
    if (last.extension() == ".gguf")
        return last.stem().string();
    for (const fs::path& part : whole)
        if (std::string name = part.string(); name.starts_with(cachePrefix)) {
            name = name.substr(cachePrefix.size());
            if (const std::size_t dashes = name.find("--"); dashes != std::string::npos)
                name.replace(dashes, 2, "/");
            return name;
        }
    return last.string();
}

} // namespace bwla
