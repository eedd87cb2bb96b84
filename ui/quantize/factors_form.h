// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_config.h"
#include "core/quant/quantize_settings.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QLineEdit;

namespace bwla::ui {

/// Shapes of the rotation's factors: a rule, or groups by name. What does not fit the model is said
/// below and not told further.
class FactorsForm : public QWidget {
    Q_OBJECT

public:
    explicit FactorsForm(QWidget* parent = nullptr);

    void show(const QuantizeSettings& settings, const ModelConfig& config);
    using QWidget::show;
    void read(QuantizeSettings& settings) const;

Q_SIGNALS:
    void edited();

private:
    void take();
    [[nodiscard]] QuantizeSettings chosen() const; ///< throws Error{badArgument}

    QComboBox* rule_;
    QLineEdit* groups_;
    QLabel* problem_;
    QuantizeSettings shown_; ///< the last that fitted
    ModelConfig config_;
    bool setting_ = false;
};

} // namespace bwla::ui
