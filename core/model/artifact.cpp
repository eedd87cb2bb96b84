// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/artifact.h"

#include "core/error.h"
#include "core/model/artifact_config.h"
#include "core/model/artifact_layout.h"
#include "core/model/folder_tokenizer.h"
#include "core/model/half.h"
#include "core/model/hash128.h"
#include "core/model/llama_config.h"
#include "core/model/mapped_file.h"
#include "core/model/quantized_block.h"
#include "core/model/safetensors_folder.h"
#include "core/model/tensor_names.h"
#include "core/model/tensor_reader.h"

#include <algorithm>
#include <set>

namespace bwla {
namespace {

namespace fs = std::filesystem;

/// The original's configuration inside config.json.
const Json& baseConfig(const Json& json, const fs::path& file) {
    const JsonObject config(json, file);
    const Json* base = config.find("base_config");
    if (base == nullptr || !base->is_object())
        config.refuse("base_config", "is missing");
    return *base;
}

class ArtifactFolder : public Artifact {
public:
    explicit ArtifactFolder(const fs::path& folder)
        : path_(folder), json_(readJson(folder / "config.json")),
          config_(llamaConfig(JsonObject(baseConfig(json_, file()), file()))),
          artifact_(ArtifactConfig::fromJson(JsonObject(json_, file()), config_.layers)),
          files_(SafetensorsFolder::open(folder)) {
        if (config_.name.empty())
            config_.name = folderName(folder);
        checkFactors();
        checkTensors();
    }

    [[nodiscard]] const fs::path& path() const override { return path_; }
    [[nodiscard]] const ModelConfig& config() const override { return config_; }
    [[nodiscard]] int activationBits() const override { return artifact_.activationBits; }
    [[nodiscard]] std::string format() const override {
        return "w1a" + std::to_string(artifact_.activationBits);
    }
    [[nodiscard]] std::string recipeHash() const override { return artifact_.recipeHash; }
    [[nodiscard]] std::string quantizationConfig() const override {
        return json_.at("quantization_config").dump();
    }
    [[nodiscard]] std::int64_t tensorCount() const override {
        return static_cast<std::int64_t>(files_.holders().size());
    }
    [[nodiscard]] TokenizerData tokenizer() const override {
        return folderTokenizer(path_, json_.at("base_config"));
    }

    [[nodiscard]] LayerWeights layer(std::int64_t index) const override {
        LayerWeights layer = toHost(readBlock(holder(attnNormName(index)), index, config_));
        for (std::size_t k = 0; k < groupCount; ++k)
            if (const auto& bits = artifact_.groupBits[k]; !bits.empty())
                layer.groups[k].activationBits = bits[static_cast<std::size_t>(index)];
        return layer;
    }
    [[nodiscard]] HostLinear embedding() const override { return table(embeddingName); }
    [[nodiscard]] HostLinear head() const override { return table(headName); }
    [[nodiscard]] std::vector<float> finalNorm() const override {
        return TensorReader(holder(finalNormName)).floats(finalNormName, {config_.width});
    }

    [[nodiscard]] const ActivationBits& groupBits() const override { return artifact_.groupBits; }
    [[nodiscard]] bool isKept(std::int64_t layer, GroupKind kind) const override {
        return artifact_.isKept(layer, kind);
    }
    [[nodiscard]] std::vector<std::string> keptTypes() const override {
        std::set<std::string> types;
        for (const ArtifactTensor& tensor : artifactTensors(config_, artifact_))
            if (tensor.part == LedgerPart::kept)
                types.insert(dtypeName(holder(tensor.name).at(tensor.name).type));
        return {types.rbegin(), types.rend()};
    }

    void checkHashes() const override {
        for (const auto& [name, hash] : artifact_.hashes)
            if (hash128(holder(name).at(name).bytes) != hash)
                throw Error(ErrorCode::hashMismatch).in(holder(name).path().string()).of(name);
    }

    [[nodiscard]] BitsLedger ledger() const override {
        BitsLedger bits;
        bits.weights = config_.decoderWeights();
        for (const ArtifactTensor& tensor : artifactTensors(config_, artifact_))
            if (files_.holders().contains(tensor.name))
                charge(bits, tensor.part,
                       static_cast<std::int64_t>(holder(tensor.name).at(tensor.name).bytes.size()));
        bits.otherBits = fileBytes() * 8 - bits.linearBits();
        return bits;
    }

    [[nodiscard]] std::int64_t fileBytes() const override {
        std::int64_t bytes = 0;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(path_, ignored))
            if (entry.is_regular_file(ignored))
                bytes += static_cast<std::int64_t>(entry.file_size(ignored));
        return bytes;
    }

private:
    [[nodiscard]] fs::path file() const { return path_ / "config.json"; }

    /// Throws Error{missingTensor}.
    [[nodiscard]] const SafetensorsFile& holder(const std::string& name) const {
        const auto found = files_.holders().find(name);
        if (found == files_.holders().end())
            throw Error(ErrorCode::missingTensor).in(path_.string()).of(name);
        return files_.files()[found->second];
    }

    void checkFactors() const {
        for (const InputGroup& g : groups()) {
            const auto [first, second] = artifact_.factors[static_cast<std::size_t>(g.kind)];
            if (first != 0 && first * second != config_.groupInputs(g.kind))
                JsonObject(json_, file())
                    .refuse(std::string(g.name).c_str(),
                            "of the transform has factors of another size than its inputs");
        }
    }

    /// Tensors, configuration and list of checksums must say the same.
    void checkTensors() const {
        std::set<std::string> known;
        for (const ArtifactTensor& tensor : artifactTensors(config_, artifact_)) {
            known.insert(tensor.name);
            if (tensor.optional && !files_.holders().contains(tensor.name))
                continue;
            checkTensor(tensor);
            if (!artifact_.hashes.contains(tensor.name))
                JsonObject(json_, file()).refuse(tensor.name.c_str(), "has no checksum");
        }
        for (const auto& [name, place] : files_.holders())
            if (!known.contains(name))
                TensorReader(holder(name)).refuse(name, "the configuration knows no such tensor");
        for (const auto& [name, hash] : artifact_.hashes)
            (void)holder(name);
    }

    void checkTensor(const ArtifactTensor& tensor) const {
        const SafetensorsFile& file = holder(tensor.name);
        const bool bf16 =
            tensor.part == LedgerPart::kept && file.at(tensor.name).type == DType::bf16;
        TensorReader(file).check(tensor.name, bf16 ? DType::bf16 : tensor.type, tensor.shape);
    }

    [[nodiscard]] HostLinear table(const std::string& name) const {
        const TensorReader reader(holder(name));
        HostLinear result;
        result.kind = WeightKind::rowInt8;
        result.rows = config_.vocabulary;
        result.cols = config_.width;
        result.int8 = reader.read<std::int8_t>(name, DType::i8, {result.rows, result.cols});
        const auto scale = reader.halves(name + "_scale", {result.rows});
        result.scale.resize(scale.size());
        std::ranges::transform(scale, result.scale.begin(), halfToFloat);
        return result;
    }

    fs::path path_;
    Json json_;
    ModelConfig config_;
    ArtifactConfig artifact_;
    SafetensorsFolder files_;
};

} // namespace

bool Artifact::isArtifact(const fs::path& folder) {
    try {
        const Json json = readJson(folder / "config.json");
        return json.is_object() && json.value("model_type", Json()) == "bwla";
    } catch (const Error&) {
        return false;
    }
}

std::unique_ptr<Artifact> Artifact::open(const fs::path& folder) {
    if (!isThere(folder))
        throw Error(ErrorCode::notFound).in(folder.string());
    if (!isArtifact(folder))
        throw Error(ErrorCode::notAModel)
            .in(folder.string())
            .because("its config.json does not say model_type \"bwla\"");
    return std::make_unique<ArtifactFolder>(folder);
}

} // namespace bwla
