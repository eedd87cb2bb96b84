// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/inspect/model_inspection.h"
#include "core/quant/block_report.h"

#include <QString>

#include <array>
#include <map>
#include <set>

namespace bwla::ui {

/// What a layer is judged by, in map and tree. NaN = not known.
enum class LayerMetric : std::uint8_t {
    outputError, ///< in the metric of the activations; of the recorded run, one value a group
    plainError,
    bimodal,
    kurtosis,
    activationPeak, ///< of the recorded run
};

inline constexpr std::array layerMetrics{LayerMetric::outputError, LayerMetric::plainError,
                                         LayerMetric::bimodal, LayerMetric::kurtosis,
                                         LayerMetric::activationPeak};

struct MetricWords {
    QString name;       ///< "Output error"
    QString shortName;  ///< head of a narrow column
    QString definition; ///< what it is, then how it is computed
    int decimals = 3;
    bool largeIsWorse = true;
};

[[nodiscard]] MetricWords words(LayerMetric metric);

/// What is known of the layers so far.
class LayerFacts {
public:
    void clear();
    /// Layers in float: they have no value of any metric.
    void setKept(const std::vector<LayerId>& layers) { kept_ = {layers.begin(), layers.end()}; }
    [[nodiscard]] bool isKept(const LayerId& layer) const { return kept_.contains(layer); }
    void setReports(const std::vector<BlockReport>& reports);
    void add(const LayerSurvey& survey);

    [[nodiscard]] double value(const LayerId& layer, LayerMetric metric) const;
    /// The worst of a block's layers.
    [[nodiscard]] double worst(std::int64_t block, LayerMetric metric) const;
    /// {least, most} over all layers; {0, 1} while nothing is known.
    [[nodiscard]] std::pair<double, double> range(LayerMetric metric) const;
    [[nodiscard]] const LayerSurvey* survey(const LayerId& layer) const;
    [[nodiscard]] bool hasReports() const { return !reports_.empty(); }
    /// Surveyed so far.
    [[nodiscard]] int known() const { return static_cast<int>(surveys_.size()); }
    [[nodiscard]] int kept() const { return static_cast<int>(kept_.size()); }

private:
    std::set<LayerId> kept_;
    std::map<LayerId, LayerSurvey> surveys_;
    std::map<std::int64_t, BlockReport> reports_;
    std::vector<LayerId> layers_; ///< known from either
};

} // namespace bwla::ui
