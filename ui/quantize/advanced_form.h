// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_config.h"
#include "core/quant/quantize_settings.h"

#include <QWidget>

class QComboBox;
class QDoubleSpinBox;
class QGridLayout;
class QLabel;
class QLineEdit;
class QSpinBox;

namespace bwla::ui {

class FloatPartsForm;
class Segmented;

/// Every knob that the command line has, as fields. Shows settings and edits them; a change of the
/// user's is told, one of setSettings() is not.
class AdvancedForm : public QWidget {
    Q_OBJECT

public:
    explicit AdvancedForm(QWidget* parent = nullptr);

    /// `config` gives the factors and prices their texts name.
    void setSettings(const QuantizeSettings& settings, const ModelConfig& config);
    /// `settings` with the fields' values; what has no field is kept.
    [[nodiscard]] QuantizeSettings applyTo(QuantizeSettings settings) const;
    /// Two columns of fields, or one.
    void setColumns(int columns);

Q_SIGNALS:
    void edited();

private:
    void makeFields();
    void connectFields();
    void addField(const QString& name, QWidget* field, const QString& help);
    void chooseText();
    void enableFields();

    struct Field {
        QLabel* name;
        QWidget* field;
    };
    QList<Field> fields_;
    QGridLayout* grid_;
    Segmented* activationBits_;
    QComboBox *rotation_, *factors_, *metric_, *assignments_, *refinement_, *calibration_,
        *columnScales_, *device_;
    QSpinBox *rank_, *oktRounds_, *pspRounds_, *gptqRounds_, *flipRounds_, *tokens_,
        *reconstructEpochs_, *klTokens_, *klStep_, *seed_;
    QDoubleSpinBox *activationBudget_, *rankBudget_, *targetMix_, *latentRate_, *rotationRate_;
    QLineEdit* text_;
    FloatPartsForm* inFloat_;
    QWidget* textRow_;
    QLabel *rankPrice_, *factorsPrice_;
    int columns_ = 0;
    bool setting_ = false;
};

} // namespace bwla::ui
