// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/artifact_writer.h"
#include "tiny_model.h"
#include "tiny_quantized.h"

#include <QTemporaryDir>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace bwla::test {

inline std::string content(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// A folder of its own, a tiny original in it, and artifacts of random blocks: start() before each
/// test.
class ArtifactFixture {
protected:
    std::unique_ptr<QTemporaryDir> directory_;
    std::unique_ptr<ModelSource> source_;
    ArtifactDescription description_;

    std::filesystem::path at(const std::string& name) const {
        return std::filesystem::path(directory_->path().toStdString()) / name;
    }

    void makeSource(const TinyModel& model) {
        writeTinyFolder(at("model"), model);
        source_ = ModelSource::open(at("model"));
    }

    /// Writes OUT with random blocks of `shape`.
    std::filesystem::path write(const std::string& name, const BlockShape& shape = {}) {
        const std::filesystem::path out = at(name);
        writeArtifact(
            out, *source_, description_,
            [&](std::int64_t layer) { return randomBlock(source_->config(), layer, shape); },
            [](const std::filesystem::path&) { return std::string("{}"); });
        return out;
    }

    /// Changes config.json of an artifact.
    template<class Change>
    static void edit(const std::filesystem::path& folder, Change change) {
        Json json = readJson(folder / "config.json");
        change(json);
        std::ofstream(folder / "config.json") << json.dump();
    }

    void start() {
        directory_ = std::make_unique<QTemporaryDir>();
        makeSource({});
        description_ = {};
        description_.recipeJson = R"({"preset":"fast","seed":1})";
        description_.recipeHash = "00112233445566778899aabbccddeeff";
        description_.calibration = "self";
        description_.calibrationTokens = 16384;
    }
};

} // namespace bwla::test
