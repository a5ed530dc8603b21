//! The options that make a mock peer deviate.

use clap::Args;

use crate::cli::console::Failure;
use crate::peer::tamper::Tamper;
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;

#[derive(Debug, Clone, Default, Args)]
pub(super) struct DeviationArgs {
    /// Misbehave like this mutant (`setspec list mutants`).
    #[arg(long = "mutant", value_name = "NAME")]
    mutants: Vec<String>,
    /// Behave unusually like this variation (`setspec list variations`).
    #[arg(long = "variation", value_name = "NAME")]
    variations: Vec<String>,
}

impl DeviationArgs {
    /// The chosen deviations, all of which have to be those of a peer of this role.
    pub fn tamper(&self, catalogue: &Catalogue, role: Role) -> Result<Tamper, Failure> {
        self.chosen(catalogue, role).map(Tamper::new)
    }

    /// The same one by one, mutants first.
    pub fn chosen(&self, catalogue: &Catalogue, role: Role) -> Result<Vec<Deviation>, Failure> {
        let mut all = chosen(&self.mutants, &catalogue.mutants, "mutant", role)?;
        all.extend(chosen(&self.variations, &catalogue.variations, "variation", role)?);
        Ok(all)
    }
}

/// Deviations by name, all of which have to be those of a peer of this role.
pub(in crate::cli) fn chosen(
    names: &[String],
    list: &[Deviation],
    kind: &str,
    role: Role,
) -> Result<Vec<Deviation>, Failure> {
    let one = |name: &String| {
        let found = Catalogue::find_deviation(list, name).map_err(|why| Failure::usage(format!("--{kind}: {why}")))?;
        if found.role != role {
            return Err(Failure::usage(format!("--{kind}: {} is one of a {}", found.id, found.role.name())));
        }
        Ok(found.clone())
    };
    names.iter().map(one).collect()
}
