// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_summary.h"
#include "core/quant/quantize_estimate.h"

#include <QFrame>

class QFormLayout;
class QLabel;
class QRadioButton;

namespace bwla::ui {

class Theme;

/// One preset as a radio button with what it takes and gives.
class PresetCard : public QFrame {
    Q_OBJECT

public:
    PresetCard(Theme& theme, const QString& preset, QWidget* parent = nullptr);

    [[nodiscard]] const QString& preset() const { return preset_; }
    [[nodiscard]] QRadioButton* button() const { return button_; }
    /// The figures of `settings`; `custom` = changed from the preset.
    void show(const ModelSummary& model, const QuantizeSettings& settings, bool chosen,
              bool custom);
    using QFrame::show;

protected:
    void mousePressEvent(QMouseEvent* event) override;

private:
    void showQuality(const ModelConfig& config, const QuantizeSettings& settings);

    Theme& theme_;
    QString preset_;
    QRadioButton* button_;
    QLabel *text_, *time_, *memory_, *bits_, *size_, *perplexity_, *similar_;
};

[[nodiscard]] QString presetTitle(const QString& preset);

} // namespace bwla::ui
