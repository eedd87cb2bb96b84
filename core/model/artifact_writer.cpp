// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/artifact_writer.h"

#include "core/error.h"
#include "core/model/artifact_config.h"
#include "core/model/row_int8.h"
#include "core/model/shard_writer.h"
#include "core/model/tensor_names.h"

#include <algorithm>
#include <functional>
#include <system_error>

namespace bwla {
namespace {

namespace fs = std::filesystem;

/// The sibling under which everything is prepared; gone again unless published.
class TemporaryFolder {
public:
    explicit TemporaryFolder(const fs::path& out) : path_(out.string() + ".writing") {
        removeFlatFolder(path_); // of a run that was killed
        fs::create_directories(path_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { removeFlatFolder(path_); }
    [[nodiscard]] const fs::path& path() const { return path_; }

    void write(const std::string& name, std::string_view bytes) const {
        FileWriter writer(path_ / name);
        writer.write(bytes);
        writer.finish();
    }

    void publish(const fs::path& out) const {
        syncFolder(path_);
        fs::rename(path_, out);
        syncFolder(out.parent_path());
    }

private:
    fs::path path_;
};

template<class T>
NamedTensor named(const std::string& name, DType type, std::vector<std::int64_t> shape,
                  const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {name, type, std::move(shape), {bytes.begin(), bytes.end()}};
}

std::vector<NamedTensor> table(const ModelSource& source, const std::string& name) {
    const ModelConfig& config = source.config();
    const RowInt8 rounded = roundRows(source.tensor(name), config.width, name);
    return {named(name, DType::i8, {rounded.rows, rounded.cols}, rounded.values),
            named(name + "_scale", DType::f16, {rounded.rows}, rounded.scale)};
}

/// Factors belong to a group, not to a layer: a block that differs from the first quantized one is
/// a mistake of the caller.
void noteShape(const QuantizedBlock& block, ArtifactConfig& config) {
    for (const InputGroup& g : groups()) {
        const auto at = static_cast<std::size_t>(g.kind);
        const QuantizedGroup& group = block.groups[at];
        const bool first = std::ranges::all_of(config.kept[at], std::identity());
        config.kept[at].push_back(group.isKept());
        config.ranks[at].push_back(group.rank);
        if (group.isKept())
            continue;
        const std::pair factors{group.factorA.size, group.factorB.size};
        if (!first && config.factors[at] != factors)
            throw Error(ErrorCode::badArgument)
                .because("The rotation factors of " + std::string(g.name) +
                         " differ from block to block.");
        config.factors[at] = factors;
    }
}

void writeTensors(const fs::path& folder, const ModelSource& source,
                  const ArtifactDescription& description,
                  const std::function<QuantizedBlock(std::int64_t)>& block,
                  ArtifactConfig& config) {
    const ModelConfig& model = source.config();
    ShardWriter writer(folder, description.shardBytes);
    writer.add(table(source, embeddingName));
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
        const QuantizedBlock quantized = block(layer);
        noteShape(quantized, config);
        writer.add(blockTensors(quantized, layer));
    }
    writer.add({named(finalNormName, DType::f32, {model.width},
                      description.finalNorm.empty() ? source.tensor(finalNormName)
                                                    : description.finalNorm)});
    if (!model.tiedHead)
        writer.add(table(source, headName));
    writer.finish();
    config.hashes = writer.hashes();
}

ArtifactConfig startConfig(const ModelSource& source, const ArtifactDescription& description) {
    ArtifactConfig config;
    config.activationBits = description.activationBits;
    config.groupBits = description.groupBits;
    config.tiedHead = source.config().tiedHead;
    config.recipeHash = description.recipeHash;
    config.calibration = description.calibration;
    config.calibrationTokens = description.calibrationTokens;
    if (!description.recipeJson.empty())
        config.recipe = parseJson(description.recipeJson, "recipe");
    return config;
}

/// File system errors outside FileWriter (folders, renames) as Error.
[[noreturn]] void throwAsError(const fs::filesystem_error& error, const fs::path& out) {
    const bool full = error.code() == std::errc::no_space_on_device;
    throw Error(full ? ErrorCode::diskFull : ErrorCode::writeFailed)
        .in(out.string())
        .because(error.code().message());
}

} // namespace

void writeArtifact(const fs::path& path, const ModelSource& source,
                   const ArtifactDescription& description,
                   const std::function<QuantizedBlock(std::int64_t)>& block,
                   const ProbeMaker& probe) {
    const fs::path out = path.has_filename() ? path : path.parent_path(); // "OUT/" is OUT
    if (fs::exists(fs::symlink_status(out)))
        throw Error(ErrorCode::alreadyExists).in(out.string());
    try {
        const TemporaryFolder folder(out);
        ArtifactConfig config = startConfig(source, description);
        writeTensors(folder.path(), source, description, block, config);
        for (const auto& [name, bytes] : source.companionFiles())
            folder.write(name, bytes);
        folder.write("config.json",
                     prettyJson(config.toJson(parseJson(source.configJson(), source.path()))));
        folder.write("golden_probe.json", probe(folder.path()));
        folder.publish(out);
    } catch (const fs::filesystem_error& error) {
        throwAsError(error, out);
    }
}

} // namespace bwla
