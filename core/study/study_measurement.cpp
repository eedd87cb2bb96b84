// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/study_measurement.h"

#include "core/error.h"
#include "core/model/file_writer.h"
#include "core/model/json_text.h"

#include <algorithm>
#include <charconv>

namespace bwla {
namespace {

std::filesystem::path fileOf(const std::filesystem::path& folder, const std::string& row,
                             std::uint64_t seed) {
    return folder / (row + "-s" + std::to_string(seed) + ".json");
}

std::string perplexityKey(std::size_t index) {
    return "perplexity_a" + std::to_string(studyActivationBits[index]);
}

} // namespace

void keepMeasurement(const std::filesystem::path& folder, const StudyMeasurement& m) {
    Json json{{"row", m.row},         {"seed", m.seed},
              {"recipe", m.recipe},   {"bits_linear", m.bitsPerWeight},
              {"seconds", m.seconds}, {"blocks", Json::array()}};
    for (std::size_t i = 0; i < m.perplexity.size(); ++i)
        json[perplexityKey(i)] = m.perplexity[i];
    for (const BlockReport& block : m.blocks)
        json["blocks"].push_back(Json::parse(toJson(block)));
    writeFile(fileOf(folder, m.row, m.seed), prettyJson(json));
}

std::optional<StudyMeasurement> keptMeasurement(const std::filesystem::path& folder,
                                                const std::string& row, std::uint64_t seed,
                                                const std::string& recipe) {
    const auto path = fileOf(folder, row, seed);
    if (!std::filesystem::exists(path))
        return std::nullopt;
    const Json json = readJson(path);
    const JsonObject object(json, path);
    StudyMeasurement m;
    m.row = row;
    m.seed = seed;
    m.recipe = object.requiredText("recipe");
    if (m.recipe != recipe)
        return std::nullopt;
    m.bitsPerWeight = object.number("bits_linear").value_or(0.0);
    m.seconds = object.number("seconds").value_or(0.0);
    for (std::size_t i = 0; i < m.perplexity.size(); ++i) {
        const auto value = object.number(perplexityKey(i).c_str());
        if (!value)
            object.refuse(perplexityKey(i).c_str(), "is missing; delete the file to measure again");
        m.perplexity[i] = *value;
    }
    if (const Json* blocks = object.find("blocks"); blocks != nullptr && blocks->is_array())
        for (const Json& block : *blocks)
            m.blocks.push_back(blockReportFromJson(block.dump()));
    return m;
}

std::vector<std::uint64_t> keptSeeds(const std::filesystem::path& folder, const std::string& row) {
    std::vector<std::uint64_t> seeds;
    if (!std::filesystem::is_directory(folder))
        return seeds;
    const std::string start = row + "-s";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        std::uint64_t seed = 0;
        if (name.starts_with(start) &&
            std::from_chars(name.data() + start.size(), name.data() + name.size(), seed).ec ==
                std::errc() &&
            entry.path() == fileOf(folder, row, seed))
            seeds.push_back(seed);
    }
    std::ranges::sort(seeds);
    return seeds;
}

} // namespace bwla
